import type { Command } from 'commander';
import { openBackfillStore, stored } from './backfill-servers.ts';
import type { CommonOptions } from './open-app.ts';
import { printJson, printTable } from './print.ts';

export function addBackfillList(backfill: Command): void {
  backfill
    .command('list')
    .summary('all backfills so far')
    .description('Lists every backfill that has come to a clip, the latest first.')
    .option('--json', 'machine-readable output')
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      await using store = await openBackfillStore(options);
      const batches = stored(await store.runs.batches());
      if (options.json === true) return printJson(batches);
      printTable(
        ['RUN', 'STARTED', 'DONE', 'SKIPPED', 'FAILED', 'PROMOTED'],
        batches.map(({ batch, startedAt, ...counts }) => [
          batch,
          new Date(startedAt).toLocaleString('sv-SE'),
          ...[counts.done, counts.skipped, counts.failed, counts.promoted].map(String),
        ]),
      );
    });
}
