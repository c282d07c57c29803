import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { err, ok, type Result } from '../domain/result.ts';
import type { Pool, PoolClient } from './pool.ts';
import { attempt, type RepositoryError } from './repository-error.ts';
import { transaction } from './transaction.ts';

export interface MigrationError {
  readonly kind: 'MigrationError';
  readonly code: 'MIGRATION_FILES_INVALID' | 'MIGRATION_EDITED' | 'SCHEMA_NEWER';
  readonly retryable: false;
  readonly message: string;
}

interface Migration {
  readonly version: number;
  /** Name of the file. */
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly sha256: string;
}

export interface MigrateOptions {
  /** Left out: the folder that belongs to this version. */
  readonly folder?: string;
  readonly onApplied?: (name: string) => void;
}

const MIGRATIONS = fileURLToPath(new URL('../../migrations/', import.meta.url));
const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** Any constant will do; all migrators of one database queue up for it. */
const LOCK = 7_236_001;
const HOUR_MS = 3_600_000;

/**
 * Brings the schema up to date: each file of `migrations/` once, in order, in a transaction of its own. Any number of
 * processes may do this at the same time.
 * @returns the names of the files that this call applied.
 */
export async function migrate(
  pool: Pool,
  { folder = MIGRATIONS, onApplied }: MigrateOptions = {},
): Promise<Result<readonly string[], MigrationError | RepositoryError>> {
  const migrations = await readMigrations(folder);
  if (!migrations.ok) return migrations;
  const applied: string[] = [];
  for (;;) {
    let applying = 'cannot migrate';
    const step = await attempt('cannot migrate', () =>
      transaction(pool, (client) => applyNext(client, migrations.value, (name) => (applying = `cannot apply ${name}`))),
    );
    if (!step.ok) return err({ ...step.error, message: step.error.message.replace('cannot migrate', applying) });
    if (!step.value.ok) return step.value;
    if (step.value.value === undefined) return ok(applied);
    applied.push(step.value.value);
    onApplied?.(step.value.value);
  }
}

/** The names of the files that this database still lacks. Changes nothing. */
export async function pendingMigrations(
  pool: Pool,
  { folder = MIGRATIONS }: Pick<MigrateOptions, 'folder'> = {},
): Promise<Result<readonly string[], MigrationError | RepositoryError>> {
  const migrations = await readMigrations(folder);
  if (!migrations.ok) return migrations;
  const applied = await attempt('cannot read the schema version', async () => {
    const { rows } = await pool.query<{ exists: boolean }>(`select to_regclass('schema_migrations') is not null as exists`);
    return rows[0]?.exists === true ? await readApplied(pool) : [];
  });
  if (!applied.ok) return applied;
  const pending = compare(migrations.value, applied.value);
  return pending.ok ? ok(pending.value.map(({ name }) => name)) : pending;
}

async function applyNext(
  client: PoolClient,
  migrations: readonly Migration[],
  onNext: (name: string) => void,
): Promise<Result<string | undefined, MigrationError>> {
  // Another migrator may hold the lock for as long as its migration takes, and ours may take as long.
  await client.query(`set local statement_timeout = ${HOUR_MS}`);
  await client.query(patient(`select pg_advisory_xact_lock(${LOCK})`));
  await client.query(`create table if not exists schema_migrations (
    version integer primary key, name text not null, sha256 text not null, applied_at timestamptz not null default now())`);
  const pending = compare(migrations, await readApplied(client));
  if (!pending.ok) return pending;
  const [next] = pending.value;
  if (next === undefined) return ok(undefined);
  onNext(next.name);
  await client.query(patient(next.sql));
  await client.query('insert into schema_migrations (version, name, sha256) values ($1, $2, $3)', [
    next.version,
    next.name,
    next.sha256,
  ]);
  return ok(next.name);
}

/** A statement that the client, too, lets run for long. */
const patient = (text: string): { text: string } => {
  const query = { text, query_timeout: HOUR_MS };
  return query;
};

async function readApplied(client: Pool | PoolClient): Promise<readonly AppliedMigration[]> {
  return (await client.query<AppliedMigration>('select version, name, sha256 from schema_migrations order by version')).rows;
}

function compare(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): Result<readonly Migration[], MigrationError> {
  for (const { version, name, sha256 } of applied) {
    const file = migrations.find((migration) => migration.version === version);
    if (file === undefined) {
      return refusal(
        'SCHEMA_NEWER',
        `the database has migration ${name}, which this version of HomeSec does not know: run the newer version, or restore a backup from before its upgrade`,
      );
    }
    if (file.sha256 !== sha256) {
      return refusal(
        'MIGRATION_EDITED',
        `${file.name} was changed after it had been applied as ${name}: restore the file and put the change into a new migration`,
      );
    }
  }
  return ok(migrations.slice(applied.length));
}

async function readMigrations(folder: string): Promise<Result<readonly Migration[], MigrationError>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
  const migrations: Migration[] = [];
  for (const [index, name] of names.entries()) {
    if (Number(FILE_NAME.exec(name)?.[1]) !== index + 1) {
      return refusal(
        'MIGRATION_FILES_INVALID',
        `${name} should be number ${index + 1}: files are 0001_name.sql, 0002_name.sql, …`,
      );
    }
    const sql = (await readFile(join(folder, name), 'utf8')).replaceAll('\r\n', '\n');
    migrations.push({ version: index + 1, name, sql, sha256: createHash('sha256').update(sql).digest('hex') });
  }
  return ok(migrations);
}

function refusal(code: MigrationError['code'], message: string): Result<never, MigrationError> {
  return err({ kind: 'MigrationError', code, retryable: false, message });
}
