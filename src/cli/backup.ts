import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import type { BackupError } from '../backup/backup-error.ts';
import { listBackups } from '../backup/backup-folder.ts';
import { sizeInWords } from '../kit/size-in-words.ts';
import { backUpHousehold, backupDirOf, restoreHousehold } from '../runtime/backup.ts';
import { valueOrExit } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type CommonOptions, openApp } from './open-app.ts';
import { printJson, printLine, printTable } from './print.ts';

export function addBackup(program: Command): void {
  const backup = program
    .command('backup')
    .summary('back up Postgres, list backups, restore one')
    .description('Copies of Postgres, one file each. `worker pipeline` makes them by itself when `backup.enabled` is on.');
  addNow(backup);
  addList(backup);
  addRestore(backup);
}

function addNow(backup: Command): void {
  backup
    .command('now')
    .summary('make one now')
    .description(
      'Writes a backup into `backup.dir` and removes the oldest beyond `backup.keep_count`. HomeSec may run meanwhile.',
    )
    .action(async (_options: object, command: Command) => {
      const app = await openApp(command.optsWithGlobals<CommonOptions>());
      const made = await backUpHousehold(app, app.config.backup.keep_count, app);
      const { file, sizeBytes, removed } = valueOrExit(made, exitCodeOf);
      printLine(`${file}, ${sizeInWords(sizeBytes)}`);
      for (const name of removed) printLine(`removed ${name}`);
    });
}

function addList(backup: Command): void {
  backup
    .command('list')
    .summary('the backups there are, newest first')
    .description('Lists the files in `backup.dir`. Needs no server.')
    .option('--json', 'machine-readable output')
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      const backups = await listBackups(backupDirOf(await openApp(options)));
      if (options.json === true) return printJson(backups);
      printTable(
        ['MADE', 'SIZE', 'FILE'],
        backups.map(({ madeAt, sizeBytes, path }) => [madeAt, sizeInWords(sizeBytes), path]),
      );
    });
}

function addRestore(backup: Command): void {
  backup
    .command('restore')
    .summary('put a backup back')
    .description(
      'Puts a backup into Postgres, all of it or nothing. The database has to be empty. Stop `homesec run` and every worker first; `homesec stack up --only postgres` starts the embedded Postgres alone.',
    )
    .addArgument(new Argument('<file>', 'a backup, as `backup list` shows it').argParser((path) => resolve(path)))
    .option('--force', 'put it in the place of what is there')
    .action(async (file: string, _options: object, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { readonly force?: boolean }>();
      const app = await openApp(options);
      valueOrExit(await restoreHousehold(app, { file, force: options.force === true }, app), exitCodeOf);
      printLine('restored; `homesec migrate` brings older tables up to date, as `worker pipeline` does when it starts');
    });
}

const exitCodeOf = (error: BackupError): number => (error.code === 'BACKUP_SERVER_AWAY' ? EXIT.unavailable : EXIT.failed);
