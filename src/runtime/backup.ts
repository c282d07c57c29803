import { join, resolve } from 'node:path';
import { type BackupError, backupError } from '../backup/backup-error.ts';
import { type DumpOptions, dumpPostgres } from '../backup/dump-postgres.ts';
import { libpqEnvironment } from '../backup/libpq-environment.ts';
import { findPostgresPrograms } from '../backup/postgres-programs.ts';
import { restorePostgres } from '../backup/restore-postgres.ts';
import type { BackupSummary } from '../domain/backup.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { Secret } from '../domain/secret.ts';
import { systemClock } from '../kit/clock.ts';
import { readDatabaseFacts } from '../repository/database-facts.ts';
import { openPool } from '../repository/pool.ts';
import { type App, endpointsOf } from './app.ts';

type Household = Pick<App, 'config' | 'folders'>;

export interface BackupCall {
  readonly signal: AbortSignal;
  readonly onAlive?: () => void;
}

/** Where this household's backups lie. */
export const backupDirOf = ({ config, folders }: Household): string =>
  resolve(config.backup.dir ?? join(folders.data, 'backups'));

/** Backs up this household's Postgres. Rejects only when called off. */
export async function backUpHousehold(
  app: Household,
  keepCount: number,
  call: BackupCall,
): Promise<Result<BackupSummary, BackupError>> {
  const database = await reach(app, call);
  if (!database.ok) return database;
  return dumpPostgres({ dir: backupDirOf(app), keepCount, clock: systemClock, ...database.value });
}

/** The same where nobody is waiting for the answer: the log has it. */
export async function backUpAndLog(
  app: Household & Pick<App, 'logger'>,
  keepCount: number,
  call: BackupCall,
): Promise<Result<BackupSummary, BackupError>> {
  const startedAt = performance.now();
  const backup = await backUpHousehold(app, keepCount, call);
  if (backup.ok) {
    const { file, sizeBytes, removed } = backup.value;
    const facts = {
      file,
      size_bytes: sizeBytes,
      removed: removed.length,
      duration_ms: Math.round(performance.now() - startedAt),
    };
    app.logger.info({ event_type: 'backup_completed', ...facts }, 'Postgres is backed up');
  } else {
    const { code, message } = backup.error;
    app.logger.error({ event_type: 'backup_failed', code, error: message }, 'Postgres could not be backed up');
  }
  return backup;
}

/** Puts a backup into this household's Postgres. Rejects only when called off. */
export async function restoreHousehold(
  app: Household,
  { file, force }: { readonly file: string; readonly force: boolean },
  call: BackupCall,
): Promise<Result<void, BackupError>> {
  const database = await reach(app, call);
  return database.ok ? restorePostgres({ file, force, ...database.value }) : database;
}

const NOWHERE =
  'nobody says where Postgres is: start `homesec run` or `homesec stack up --only postgres`, or set the variable of state_store.dsn_env';

/** The database as it is now, and the programs of its major. */
async function reach(
  app: Household,
  call: BackupCall,
): Promise<Result<Pick<DumpOptions, 'programs' | 'run'> & { readonly tables: readonly string[] }, BackupError>> {
  const { postgresDsn } = endpointsOf(app);
  if (postgresDsn === undefined) return err(backupError('BACKUP_SERVER_AWAY', NOWHERE));
  const dsn = new Secret(postgresDsn);
  const environment = libpqEnvironment(dsn);
  if (!environment.ok) return environment;
  const pool = openPool(dsn, { max: 1 });
  const facts = await readDatabaseFacts(pool);
  await pool.end();
  if (!facts.ok) {
    const { message, causes } = facts.error;
    return err({ code: 'BACKUP_SERVER_AWAY', message, causes });
  }
  const programs = await findPostgresPrograms(facts.value.major);
  if (!programs.ok) return programs;
  return ok({ programs: programs.value, tables: facts.value.tables, run: { environment: environment.value, ...call } });
}
