import type { Command } from 'commander';
import { type ClipId, workflowIdOf } from '../domain/ids.ts';
import { NAMESPACE } from '../domain/process-clip.ts';
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
      const stories = [];
      for (const each of await meantClips(app, clipId, options.filter)) {
        const state = valueOf(await store.repository.get(each));
        if (state === undefined) throw new CliError(`no clip is called ${each}`, EXIT.failed);
        stories.push({ state, events: valueOf(await store.repository.events(each)) });
      }
      if (options.json === true) return printJson(clipId === undefined ? stories : stories[0]);
      for (const { state, events } of stories) {
        printStory(state, events);
        printUiLink(app, state.clipId);
      }
    });
}

/** A clip that is named needs no Temporal. */
async function meantClips(app: App, clipId: ClipId | undefined, filter: string | undefined): Promise<readonly ClipId[]> {
  if (clipId !== undefined) return [clipId];
  await using temporal = openTemporal(app);
  return (await filteredClips(temporal, filter ?? '')).map((found) => found.clipId);
}

function printUiLink(app: App, clipId: ClipId): void {
  const ui = endpointsOf(app).temporalUiUrl;
  const namespace = app.config.temporal.namespace ?? NAMESPACE;
  if (ui !== undefined) printLine(`\n${ui}/namespaces/${namespace}/workflows/${workflowIdOf(clipId)}`);
}
