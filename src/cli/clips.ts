import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { assertNever } from '../domain/assert-never.ts';
import { CLIP_STATUSES, type ClipState } from '../domain/clip-state.ts';
import type { ClipEvent } from '../domain/events.ts';
import { type ClipId, isClipId, workflowIdOf } from '../domain/ids.ts';
import { NAMESPACE } from '../domain/process-clip.ts';
import type { Result } from '../domain/result.ts';
import { RISK_LEVELS } from '../domain/risk.ts';
import { STAGES, type Stage } from '../domain/stage-error.ts';
import type { ClipFilters } from '../repository/clip-list.ts';
import type { RepositoryError } from '../repository/repository-error.ts';
import { endpointsOf } from '../runtime/app.ts';
import { acknowledgeClip, type ClipCommandError, retryClip } from '../runtime/clip-commands.ts';
import { planOf } from '../runtime/compose.ts';
import { readmitClip } from '../runtime/household-spool.ts';
import { CliError, valueOrExit } from './cli-error.ts';
import { detailOf, formatMs, tookOf } from './event-words.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openStateStore, openTemporal } from './open-servers.ts';
import { printJson, printLine, printTable } from './print.ts';

type JsonOptions = CommonOptions & { readonly json?: boolean };

export function addClips(program: Command): void {
  const clips = program
    .command('clips')
    .summary('list, show, retry and acknowledge clips')
    .description('What became of each clip, as Postgres knows it; `retry` and `ack` also speak to its workflow in Temporal.');
  addList(clips);
  addShow(clips);
  addRetry(clips);
  addAcknowledge(clips);
}

const clipIdArgument = () => new Argument('<clip>', 'clip id, as `clips list` shows it').argParser(parseClipId);

function parseClipId(text: string): ClipId {
  if (!isClipId(text)) throw new InvalidArgumentError('This is not a clip id; `homesec clips list` shows them.');
  return text;
}

interface ListOptions extends JsonOptions, Omit<ClipFilters, 'cameraName'> {
  readonly camera?: string;
  readonly limit: number;
  readonly cursor?: string;
}

function addList(clips: Command): void {
  clips
    .command('list')
    .summary('clips by recording time, newest first')
    .description(
      'Lists clips by recording time, newest first. All filters given must hold. Deleted clips appear only with --status.',
    )
    .option('--camera <name>', 'only of this camera')
    .addOption(new Option('--status <status>', 'only in this status').choices(CLIP_STATUSES))
    .addOption(new Option('--risk-level <level>', 'only of this risk').choices(RISK_LEVELS))
    .option('--activity-type <type>', 'only of this activity')
    .option('--alerted', 'only those that alerted')
    .option('--no-alerted', 'only those that did not')
    .option('--detected', 'only those in which something was seen')
    .option('--no-detected', 'only those in which nothing was seen')
    .option('--since <time>', 'recorded then or later; ISO 8601 with zone')
    .option('--until <time>', 'recorded then or earlier; ISO 8601 with zone')
    .option('--limit <count>', 'at most this many (1 to 100)', parseLimit, 20)
    .option('--cursor <token>', 'go on where the last page ended')
    .option('--json', 'machine-readable output')
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<ListOptions>();
      const { config: _config, logLevel: _logLevel, camera, limit, cursor, json, ...others } = options;
      const filters = camera === undefined ? others : { ...others, cameraName: camera };
      await using store = openStateStore(await openApp(options));
      const page = valueOf(await store.repository.list(filters, cursor === undefined ? { limit } : { limit, cursor }));
      if (json === true) return printJson(page);
      printTable(['CLIP', 'CAMERA', 'RECORDED', 'STATUS', 'SEEN', 'RISK', 'ALERT'], page.clips.map(rowOf));
      if (page.nextCursor !== undefined) printLine(`\nmore: --cursor ${page.nextCursor}`);
    });
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw new InvalidArgumentError('Give a whole number from 1 to 100.');
  return limit;
}

const rowOf = (clip: ClipState): string[] => [
  clip.clipId,
  clip.cameraName,
  localTime(clip.recordedStartAt),
  clip.status,
  clip.filterResult?.detectedClasses.join(',') ?? '',
  clip.analysisResult?.riskLevel ?? '',
  clip.alertDecision?.notify === true ? clip.alertDecision.notifyReason : '',
];

const localTime = (instant: string): string => new Date(instant).toLocaleString('sv-SE');

function addShow(clips: Command): void {
  clips
    .command('show')
    .summary("one clip's state and history")
    .description('Tells what is known of a clip, what went wrong, and every step so far: why it did or did not alert.')
    .addArgument(clipIdArgument())
    .option('--json', 'machine-readable output')
    .action(async (clipId: ClipId, _options: object, command: Command) => {
      const options = command.optsWithGlobals<JsonOptions>();
      const app = await openApp(options);
      await using store = openStateStore(app);
      const state = valueOf(await store.repository.get(clipId));
      if (state === undefined) throw new CliError(`no clip is called ${clipId}`, EXIT.failed);
      const events = valueOf(await store.repository.events(clipId));
      if (options.json === true) return printJson({ state, events });
      printStory(state, events);
      const ui = endpointsOf(app).temporalUiUrl;
      if (ui !== undefined) printLine(`\n${ui}/namespaces/${app.config.temporal.namespace ?? NAMESPACE}/workflows/${workflowIdOf(clipId)}`);
    });
}

function printStory(state: ClipState, events: readonly ClipEvent[]): void {
  printLine(`${state.clipId}  ${state.status}`);
  printLine(
    `${state.cameraName}, ${localTime(state.recordedStartAt)}, ${formatMs(state.durationMs)}, ${(state.sizeBytes / 1e6).toFixed(1)} MB`,
  );
  if (state.storageUri !== undefined) printLine(`stored: ${state.storageUri}`);
  if (state.analysisResult !== undefined) printLine(`told: ${state.analysisResult.summary}`);
  for (const { stage, errorCode, errorMessage } of state.problems) printLine(`${stage}: ${errorCode}: ${errorMessage}`);
  printLine();
  printTable(
    ['AT', 'EVENT', 'TOOK', ''],
    events.map((event) => [localTime(event.timestamp), event.eventType, tookOf(event), detailOf(event)]),
  );
}

function addRetry(clips: Command): void {
  clips
    .command('retry')
    .summary('have what failed tried again')
    .description(
      'A parked clip repeats the stage that failed. A closed one is processed once more, as its next generation. One that the\nspool of this machine has set aside is handed over again.',
    )
    .addArgument(clipIdArgument())
    .addOption(new Option('--stage <stage>', 'only this stage; left out: each that failed').choices(STAGES))
    .action(async (clipId: ClipId, { stage }: { readonly stage?: Stage }, command: Command) => {
      await using deps = await openCommandDeps(command.optsWithGlobals<CommonOptions>());
      const outcome = valueOf(await retryClip(deps, clipId, stage));
      if (outcome.how === 'retried') printLine(`retrying ${outcome.stages.join(', ')}`);
      else if (outcome.how === 'restarted') printLine(`started again as generation ${outcome.generation}`);
      else printLine('it had been set aside; it is handed over again');
    });
}

function addAcknowledge(clips: Command): void {
  clips
    .command('ack')
    .summary('mark a clip as seen by a person')
    .description('Notes in the history of the clip, running or closed, who has seen it.')
    .addArgument(clipIdArgument())
    .requiredOption('--by <name>', 'who has seen it')
    .action(async (clipId: ClipId, { by }: { readonly by: string }, command: Command) => {
      await using deps = await openCommandDeps(command.optsWithGlobals<CommonOptions>());
      valueOf(await acknowledgeClip(deps, clipId, by));
      printLine('acknowledged');
    });
}

async function openCommandDeps(options: CommonOptions) {
  const app = await openApp(options);
  const [store, temporal] = [openStateStore(app), openTemporal(app)];
  return {
    client: temporal.client,
    repository: store.repository,
    readmit: (clipId: ClipId) => readmitClip(app, clipId),
    plan: planOf(app.config),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await temporal[Symbol.asyncDispose]();
    },
  };
}

type CommandFailure = ClipCommandError | RepositoryError;

const valueOf = <T>(result: Result<T, CommandFailure>): T => valueOrExit(result, exitCodeOf);

function exitCodeOf({ code }: CommandFailure): number {
  switch (code) {
    case 'unavailable':
    case 'DB_UNAVAILABLE':
      return EXIT.unavailable;
    case 'CLIPS_CURSOR_INVALID':
    case 'CLIPS_TIMESTAMP_INVALID':
    case 'CLIPS_TIME_RANGE_INVALID':
      return EXIT.usage;
    case 'unknown_clip':
    case 'refused':
    case 'DB_REJECTED':
    case 'EVENT_FOREIGN':
    case 'ROW_UNREADABLE':
      return EXIT.failed;
    default:
      return assertNever(code);
  }
}
