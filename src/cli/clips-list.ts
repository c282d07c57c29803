import { type Command, InvalidArgumentError, Option } from 'commander';
import { CLIP_STATUSES, type ClipState } from '../domain/clip-state.ts';
import { RISK_LEVELS } from '../domain/risk.ts';
import type { ClipFilters } from '../repository/clip-list.ts';
import { valueOf } from './clip-failure.ts';
import { localTime } from './clip-story.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openStateStore } from './open-servers.ts';
import { printJson, printLine, printTable } from './print.ts';

interface ListOptions extends CommonOptions, Omit<ClipFilters, 'cameraName'> {
  readonly camera?: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly json?: boolean;
}

export function addList(clips: Command): void {
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
