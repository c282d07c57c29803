import type { Command } from 'commander';
import type { ClipState } from '../domain/clip-state.ts';
import type { ClipEvent } from '../domain/events.ts';
import { type ClipId, workflowIdOf } from '../domain/ids.ts';
import { NAMESPACE } from '../domain/process-clip.ts';
import type { ClipRepository } from '../repository/clip-repository.ts';
import { type App, endpointsOf } from '../runtime/app.ts';
import { CliError } from './cli-error.ts';
import { valueOf } from './clip-failure.ts';
import { filteredClips, forClips } from './clip-selection.ts';
import { printStory } from './clip-story.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openStateStore, openTemporal } from './open-servers.ts';
import { printJson, printLine } from './print.ts';

interface ShowOptions extends CommonOptions {
  readonly filter?: string;
  readonly json?: boolean;
}

export function addShow(clips: Command): void {
  forClips(clips.command('show'))
    .summary("a clip's state and history, or those of many")
    .description('Tells what is known of a clip, what went wrong, and every step so far: why it did or did not alert.')
    .option('--json', 'machine-readable output; a list with --filter')
    .action(async (clipId: ClipId | undefined, _options: object, command: Command) => {
      const options = command.optsWithGlobals<ShowOptions>();
      const app = await openApp(options);
      await using store = openStateStore(app);
      const show = (story: Story): void => {
        printStory(story.state, story.events);
        printUiLink(app, story.state.clipId);
      };
      if (clipId !== undefined) {
        const story = await storyOf(store.repository, clipId);
        if (story === undefined) throw new CliError(`no clip is called ${clipId}`, EXIT.failed);
        return options.json === true ? printJson(story) : show(story);
      }
      const clipIds = await clipIdsOf(app, options.filter ?? '');
      if (clipIds.length === 0 && options.json !== true) return printLine('no clip matches');
      const found: Story[] = [];
      for await (const story of storiesOf(store.repository, clipIds)) {
        if (options.json === true) found.push(story);
        else show(story);
      }
      if (options.json === true) printJson(found);
    });
}

interface Story {
  readonly state: ClipState;
  readonly events: readonly ClipEvent[];
}

async function storyOf(repository: ClipRepository, clipId: ClipId): Promise<Story | undefined> {
  const state = valueOf(await repository.get(clipId));
  return state === undefined ? undefined : { state, events: valueOf(await repository.events(clipId)) };
}

/** A clip that Postgres has not heard of yet holds up no other. */
async function* storiesOf(repository: ClipRepository, clipIds: readonly ClipId[]): AsyncGenerator<Story> {
  for (const clipId of clipIds) {
    const story = await storyOf(repository, clipId);
    if (story !== undefined) yield story;
    else {
      process.stderr.write(`Postgres does not know ${clipId} yet\n`);
      process.exitCode = EXIT.failed;
    }
  }
}

/** Asks Temporal, which a clip that is named does not need. */
async function clipIdsOf(app: App, filter: string): Promise<readonly ClipId[]> {
  await using temporal = openTemporal(app);
  return (await filteredClips(temporal, filter)).map(({ clipId }) => clipId);
}

function printUiLink(app: App, clipId: ClipId): void {
  const ui = endpointsOf(app).temporalUiUrl;
  const namespace = app.config.temporal.namespace ?? NAMESPACE;
  if (ui !== undefined) printLine(`\n${ui}/namespaces/${namespace}/workflows/${workflowIdOf(clipId)}`);
}
