import type { Command } from 'commander';
import { migrate } from '../repository/migrate.ts';
import { valueOrExit } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { openStateStore } from './open-servers.ts';
import { printLine } from './print.ts';

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .summary("bring Postgres' tables up to date")
    .description('Applies the migrations that are missing. Workers do the same by themselves when they start.')
    .action(async (_options: object, command: Command) => {
      await using store = openStateStore(await openApp(command.optsWithGlobals<CommonOptions>()));
      const migrated = await migrate(store.pool, { onApplied: (name) => printLine(`applied ${name}`) });
      const applied = valueOrExit(migrated, ({ retryable }) => (retryable ? EXIT.unavailable : EXIT.failed));
      printLine(applied.length === 0 ? 'up to date' : `${applied.length} applied`);
    });
}
