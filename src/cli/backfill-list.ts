import type { Command } from 'commander';
import { reasonOf } from '../kit/thrown-reason.ts';
import type { App } from '../runtime/app.ts';
import { backfillStates } from '../temporal/backfill.ts';
import { openBackfillStore, stored } from './backfill-servers.ts';
import type { CommonOptions } from './open-app.ts';
import { openTemporal } from './open-servers.ts';
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
      const states = await statesOf(store.app);
      const batches = stored(await store.runs.batches()).map((run) => ({ ...run, state: states.get(run.batch) ?? 'unknown' }));
      if (options.json === true) return printJson(batches);
      printTable(
        ['RUN', 'STATE', 'STARTED', 'DONE', 'SKIPPED', 'FAILED', 'PROMOTED'],
        batches.map(({ batch, state, startedAt, ...counts }) => [
          batch,
          state,
          new Date(startedAt).toLocaleString('sv-SE'),
          ...[counts.done, counts.skipped, counts.failed, counts.promoted].map(String),
        ]),
      );
    });
}

/** What they found is in Postgres, and is listed without Temporal as well. */
async function statesOf(app: App): Promise<Awaited<ReturnType<typeof backfillStates>>> {
  try {
    await using temporal = openTemporal(app);
    return await backfillStates(temporal.client);
  } catch (thrown) {
    app.logger.warn({ reason: reasonOf(thrown) }, 'Temporal does not tell in which state they are');
    return new Map();
  }
}
