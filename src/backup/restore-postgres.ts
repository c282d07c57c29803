import { err, ok, type Result } from '../domain/result.ts';
import { type BackupError, backupError } from './backup-error.ts';
import { readThrough } from './dump-postgres.ts';
import type { PostgresPrograms, ProgramRun } from './postgres-programs.ts';

export interface RestoreOptions {
  readonly file: string;
  /** Tables that the database has now: `public.clip_states`. */
  readonly tables: readonly string[];
  /** Puts the backup in the place of what is there. */
  readonly force: boolean;
  readonly programs: PostgresPrograms;
  /** With the environment of the database. */
  readonly run: ProgramRun;
}

/**
 * Puts a backup into the database, all of it or nothing. Into an empty one, or forced, into one with no other tables than the backup
 * has: those of a newer version would stay and be in the way of the next upgrade. Else RESTORE_NOT_EMPTY.
 */
export async function restorePostgres(options: RestoreOptions): Promise<Result<void, BackupError>> {
  const { file, tables, force, programs, run } = options;
  if (tables.length > 0 && !force) {
    const message = `the database has ${tables.length} tables already; --force puts the backup in their place`;
    return err(backupError('RESTORE_NOT_EMPTY', message));
  }
  const readable = await readThrough(file, { programs, run });
  if (!readable.ok) return readable;
  const strange = tables.filter((table) => !readable.value.includes(table));
  if (strange.length > 0) {
    const names = strange.join(', ');
    const message = `the backup knows nothing of ${names}, as after an upgrade; first: psql "$DB_DSN" -c 'drop table ${names}'`;
    return err(backupError('RESTORE_NOT_EMPTY', message));
  }
  const restored = await programs.run(
    'pg_restore',
    [
      ...['--no-password', '--exit-on-error', '--single-transaction', '--no-owner', '--no-privileges'],
      ...(force ? ['--clean', '--if-exists'] : []),
      `--dbname=${run.environment['PGDATABASE'] ?? ''}`,
      file,
    ],
    run,
  );
  return restored.ok ? ok(undefined) : err(backupError('RESTORE_FAILED', `pg_restore: ${restored.error}`));
}
