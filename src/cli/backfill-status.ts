import type { Command } from 'commander';
import type { BackfillProgress } from '../domain/backfill.ts';
import { eachRun } from '../runtime/all-runs.ts';
import { askProgress, finishedOf, followBackfill } from './backfill-progress.ts';
import { type BackfillStore, batchArgument, noClipsOf, openBackfillStore, parseAmount, stored } from './backfill-servers.ts';
import type { CommonOptions } from './open-app.ts';
import { openTemporal } from './open-servers.ts';
import { printJson, printLine, printTable } from './print.ts';

interface StatusOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly errors: number;
}

export function addBackfillStatus(backfill: Command): void {
  backfill
    .command('status')
    .summary('how far a backfill has come, and what failed')
    .description('Tells how far a backfill has come, and lists clips that failed or whose bytes are gone.')
    .addArgument(batchArgument())
    .option('--follow', 'stay until it ends or pauses')
    .option('--errors <count>', 'clips to list at most', parseAmount, 20)
    .option('--json', 'machine-readable output')
    .action(async (batch: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<StatusOptions>();
      await using store = await openBackfillStore(options);
      await using temporal = openTemporal(store.app);
      const { client } = temporal;
      const progress = await (options.follow === true ? followBackfill(client, batch) : askProgress(client, batch));
      const { seen, problems } = await problemsOf(store, batch);
      if (progress === undefined && seen === 0) throw noClipsOf(batch);
      if (options.json === true) return printJson({ progress, problems });
      if (progress === undefined) printLine('Temporal no longer knows this backfill; what it found is still there.');
      else printProgress(batch, progress);
      if (problems.length === 0) return;
      printLine();
      printTable(['CLIP', 'CAME TO', 'STAGE', 'CODE', 'WHY'], problems.slice(0, options.errors));
      if (problems.length > options.errors)
        printLine(`and ${problems.length - options.errors} more: --errors ${problems.length}`);
    });
}

export function printProgress(batch: string, progress: BackfillProgress): void {
  const { state, pausedBecause, total, counts, inHand, concurrency } = progress;
  printLine(`${batch}: ${state}${pausedBecause === undefined ? '' : `, ${pausedBecause}`}`);
  printLine(
    `clips: ${finishedOf(progress)} of ${total}; ${counts.done} done, ${counts.skipped} skipped, ${counts.failed} failed`,
  );
  printLine(`in hand: ${inHand}, at most ${concurrency} at once`);
  if (counts.described > 0)
    printLine(`model: ${counts.described} clips, ${counts.promptTokens} tokens in, ${counts.completionTokens} out`);
  printLine(`alerts: ${counts.newAlerts} clips would now, ${counts.lostAlerts} would not any more; told of ${counts.told}`);
  if (state === 'paused') printLine(`\`homesec backfill resume ${batch}\` goes on, \`homesec backfill cancel ${batch}\` ends it`);
}

async function problemsOf({ runs }: BackfillStore, batch: string): Promise<{ seen: number; problems: string[][] }> {
  const problems: string[][] = [];
  let seen = 0;
  stored(
    await eachRun(runs, batch, ({ clipId, outcome, error }) => {
      seen += 1;
      if (error !== undefined) problems.push([clipId, outcome, error.stage, error.code, error.message]);
    }),
  );
  return { seen, problems };
}
