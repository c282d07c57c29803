import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupSummary } from '../domain/backup.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Clock } from '../plugins/spec/plugin.ts';
import { type BackupError, backupError } from './backup-error.ts';
import { backupName, keepNewest, PART_SUFFIX, syncToDisk } from './backup-folder.ts';
import type { PostgresPrograms, ProgramRun } from './postgres-programs.ts';

export interface DumpOptions {
  /** Made when missing, for the owner alone. */
  readonly dir: string;
  readonly keepCount: number;
  readonly programs: PostgresPrograms;
  /** With the environment of the database. */
  readonly run: ProgramRun;
  readonly clock: Clock;
}

/**
 * Writes a whole database into one file that is there complete, read through once and forced to disk, or not at all; then lets
 * go of the oldest ones. Rejects only when called off; nothing is left of it then.
 */
export async function dumpPostgres(options: DumpOptions): Promise<Result<BackupSummary, BackupError>> {
  const { dir, keepCount, clock } = options;
  const part = join(dir, `.${randomUUID()}${PART_SUFFIX}`);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // Whoever may read it may read everything.
    await (await open(part, 'wx', 0o600)).close();
    const written = await writeDump(part, options);
    if (!written.ok) return written;
    await syncToDisk(part);
    const file = join(dir, backupName(clock.now()));
    await rename(part, file);
    await syncToDisk(dirname(file));
    const removed = await keepNewest(dir, keepCount, Date.parse(clock.now()));
    return ok({ file, sizeBytes: (await stat(file)).size, removed });
  } catch (cause) {
    if (!isFromSystem(cause)) throw cause;
    return err(backupError('BACKUP_FOLDER_UNUSABLE', `the folder for backups, ${dir}, cannot be used: ${cause.message}`, cause));
  } finally {
    await rm(part, { force: true }).catch(() => undefined);
  }
}

async function writeDump(part: string, { programs, run }: DumpOptions): Promise<Result<void, BackupError>> {
  const dumped = await programs.run(
    'pg_dump',
    ['--format=custom', '--no-password', '--lock-wait-timeout=60s', `--file=${part}`],
    run,
  );
  if (!dumped.ok) return err(backupError('BACKUP_INCOMPLETE', `pg_dump: ${dumped.error}`));
  const read = await readThrough(part, { programs, run });
  return read.ok ? ok(undefined) : read;
}

/**
 * Has pg_restore list what is in a backup, and then read it to its last byte: the list alone stands at its beginning.
 * @returns the tables in it: `public.clip_states`.
 */
export async function readThrough(
  file: string,
  { programs, run }: Pick<DumpOptions, 'programs' | 'run'>,
): Promise<Result<readonly string[], BackupError>> {
  const unreadable = (complaint: string) => err(backupError('BACKUP_UNREADABLE', `pg_restore cannot read ${file}: ${complaint}`));
  const list = await programs.run('pg_restore', ['--list', file], run);
  if (!list.ok) return unreadable(list.error);
  const read = await programs.run('pg_restore', ['--file=/dev/null', file], run);
  if (!read.ok) return unreadable(read.error);
  return ok([...list.value.matchAll(/^\d+; \d+ \d+ TABLE (\S+) (\S+) /gm)].map(([, schema, table]) => `${schema}.${table}`));
}

const isFromSystem = (cause: unknown): cause is NodeJS.ErrnoException =>
  cause instanceof Error && 'syscall' in cause && typeof cause.syscall === 'string';
