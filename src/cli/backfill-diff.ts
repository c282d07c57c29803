import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { assertNever } from '../domain/assert-never.ts';
import { hasFindings } from '../domain/backfill.ts';
import { addToSummary, type ClipDiff, type DiffSummary, diffOf, NO_DIFFS } from '../domain/backfill-diff.ts';
import { eachRun } from '../runtime/all-runs.ts';
import { openThumbnails } from '../runtime/thumbnails.ts';
import { diffPage, type PageClip } from './backfill-page.ts';
import { type BackfillStore, batchArgument, noClipsOf, openBackfillStore, stored } from './backfill-servers.ts';
import type { CommonOptions } from './open-app.ts';
import { printLine, tableText } from './print.ts';

const FORMATS = ['table', 'json', 'csv', 'html'] as const;

interface DiffOptions extends CommonOptions {
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
  readonly all?: boolean;
}

export function addBackfillDiff(backfill: Command): void {
  backfill
    .command('diff')
    .summary('what a backfill found against what was known')
    .description('Compares a backfill with what was known before: classes, risk, and what would alert.')
    .addArgument(batchArgument())
    .addOption(new Option('--format <format>', 'how to tell it').choices(FORMATS).default('table'))
    .option('-o, --output <file>', 'into a file; default: standard output')
    .option('--all', 'also clips in which nothing changed')
    .action(async (batch: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<DiffOptions>();
      // Before the configuration's folder becomes the working one.
      const output = options.output === undefined ? undefined : resolve(options.output);
      await using store = await openBackfillStore(options);
      const text = await tell(store, batch, options);
      if (output === undefined) printLine(text);
      else await writeFile(output, `${text}\n`);
    });
}

async function tell(store: BackfillStore, batch: string, { format, all }: DiffOptions): Promise<string> {
  const diffs: ClipDiff[] = [];
  let summary = NO_DIFFS;
  stored(
    await eachRun(store.runs, batch, (run) => {
      const diff = diffOf(run, store.app.config.vlm.trigger_classes);
      summary = addToSummary(summary, run, diff);
      if (hasFindings(run) && (diff.isChanged || all === true)) diffs.push(diff);
    }),
  );
  if (summary.clips === 0) throw noClipsOf(batch);
  // What matters most comes first; the order within is the one of recording.
  diffs.sort((a, b) => Number(b.alert !== undefined) - Number(a.alert !== undefined));
  switch (format) {
    case 'table':
      return `${tableText(HEADER, diffs.map(cellsOf))}\n\n${summaryText(summary)}`;
    case 'json':
      return JSON.stringify({ batch, summary, clips: diffs }, undefined, 2);
    case 'csv':
      return [HEADER, ...diffs.map(cellsOf)].map((cells) => cells.map(csvCell).join(',')).join('\r\n');
    case 'html':
      return diffPage({ batch, summary, ...(await withPictures(store, diffs)) });
    default:
      return assertNever(format);
  }
}

const HEADER = ['CLIP', 'NEWLY SEEN', 'NO LONGER', 'RISK', 'ALERT', 'WHY'];

const cellsOf = ({ clipId, classesAdded, classesLost, riskBefore, riskAfter, ...diff }: ClipDiff): string[] => [
  clipId,
  classesAdded.join(' '),
  classesLost.join(' '),
  riskBefore === riskAfter ? (riskAfter ?? '') : `${riskBefore ?? 'none'} > ${riskAfter ?? 'none'}`,
  diff.alert === undefined ? '' : diff.alert === 'would' ? 'would now' : 'would not',
  diff.reasonBefore === diff.reasonAfter ? diff.reasonAfter : `${diff.reasonBefore || 'undecided'} > ${diff.reasonAfter}`,
];

/** RFC 4180; a leading sign would make a spreadsheet take the cell for a formula. */
function csvCell(cell: string): string {
  const harmless = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

const summaryText = (summary: DiffSummary): string =>
  `${summary.done} of ${summary.clips} clips compared (${summary.skipped} skipped, ${summary.failed} failed): ` +
  `classes changed in ${summary.classesChanged}, risk in ${summary.riskChanged}; ` +
  `${summary.wouldAlert} would alert now, ${summary.wouldNotAlert} would not any more`;

/** Clips and pictures on one page; more would make it too large to open. */
const CARDS = 2_000;
const PICTURES = 500;

async function withPictures({ app, clips }: BackfillStore, diffs: readonly ClipDiff[]) {
  await using thumbnails = await openThumbnails(app);
  const page: PageClip[] = [];
  for (const [index, diff] of diffs.slice(0, CARDS).entries()) {
    const found = await clips.get(diff.clipId);
    const state = !found.ok && found.error.code === 'ROW_UNREADABLE' ? undefined : stored(found);
    const jpeg = state === undefined || index >= PICTURES ? undefined : await thumbnails.take(state, diff.detection);
    page.push({ diff, ...(state === undefined ? {} : { state }), ...(jpeg === undefined ? {} : { jpeg }) });
  }
  return { clips: page, more: diffs.length - page.length };
}
