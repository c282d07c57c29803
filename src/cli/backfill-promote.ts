import type { Command } from 'commander';
import { eachRun } from '../runtime/all-runs.ts';
import { promoteRun } from '../runtime/promote-backfill.ts';
import { batchArgument, noClipsOf, openBackfillStore, stored } from './backfill-servers.ts';
import type { CommonOptions } from './open-app.ts';
import { printLine } from './print.ts';

export function addBackfillPromote(backfill: Command): void {
  backfill
    .command('promote')
    .summary("make what a backfill found the clips' own")
    .description(
      'Writes what a backfill found into the history of each clip, whose state then shows it. The former results stay in the history. Nobody is alerted. Done twice, it changes nothing.',
    )
    .addArgument(batchArgument())
    .action(async (batch: string, _options: object, command: Command) => {
      await using store = await openBackfillStore(command.optsWithGlobals<CommonOptions>());
      let seen = 0;
      let promoted = 0;
      stored(
        await eachRun(store.runs, batch, async (run) => {
          seen += 1;
          if (stored(await promoteRun(store, run))) promoted += 1;
        }),
      );
      if (seen === 0) throw noClipsOf(batch);
      printLine(`promoted ${promoted} of ${seen} clips`);
    });
}
