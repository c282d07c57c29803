import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findPostgresAccount, type PostgresAccount } from '../../src/embedded/postgres-account.ts';
import { findPostgresBinaries, findPostgresPackage } from '../../src/embedded/postgres-binaries.ts';
import { openPostgresHome } from '../../src/embedded/postgres-home.ts';
import type { NativeProcess } from './native-process.ts';

export interface PostgresService {
  /** Takes the database. */
  readonly dir: string;
  readonly address: string;
  /** As the image understands it: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS. */
  readonly environment: NodeJS.ProcessEnv;
}

/** What the image `postgres` does, with npm's binaries: makes the cluster and its database once, then serves. */
export async function nativePostgres({ dir, address, environment }: PostgresService): Promise<NativeProcess> {
  const account = findPostgresAccount();
  const systemDir = '/var/lib/homesec';
  const binaries = await findPostgresBinaries(account, systemDir, findPostgresPackage());
  const home = await openPostgresHome(dir, account, systemDir);
  const { POSTGRES_USER: user = '', POSTGRES_PASSWORD: password = '', POSTGRES_DB: database = '' } = environment;
  const cluster = join(home, 'cluster');
  if (!existsSync(cluster)) {
    const args = [`--username=${user}`, ...(environment['POSTGRES_INITDB_ARGS'] ?? '').split(' ')];
    await initialise({ initdb: binaries.initdb, home, args, password, account });
  }
  const settings = [`listen_addresses=${address}`, 'unix_socket_directories=', 'timezone=UTC'];
  return {
    command: binaries.postgres,
    args: ['-D', cluster, ...settings.flatMap((setting) => ['-c', setting])],
    env: { ...environment, LC_ALL: 'C' },
    ...(account.spawnAs.uid === undefined ? {} : { user: { uid: account.uid, gid: account.gid } }),
    isReady: () => hasDatabase({ host: address, user, password, database: 'postgres', connectionTimeoutMillis: 2_000 }, database),
  };
}

interface Initialisation {
  readonly initdb: string;
  readonly home: string;
  readonly args: readonly string[];
  readonly password: string;
  readonly account: PostgresAccount;
}

/** Renamed into place when complete. */
async function initialise({ initdb, home, args, password, account }: Initialisation): Promise<void> {
  const [fresh, passwordFile] = [join(home, 'cluster.new'), join(home, 'password.new')];
  await rm(fresh, { recursive: true, force: true });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account.spawnAs.uid !== undefined) await chown(passwordFile, account.uid, account.gid);
  const all = [`--pgdata=${fresh}`, `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C', ...args];
  try {
    await promisify(execFile)(initdb, all, { cwd: '/', ...account.spawnAs });
  } finally {
    await rm(passwordFile);
  }
  await rename(fresh, join(home, 'cluster'));
}

/** Whether it serves and has the database, which is made when missing. */
async function hasDatabase(connection: pg.ClientConfig, database: string): Promise<boolean> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(database)}`);
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
