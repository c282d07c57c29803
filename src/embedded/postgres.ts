import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chown, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { findPostgresAccount, type PostgresAccount } from './postgres-account.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { openPostgresHome } from './postgres-home.ts';
import { EmbeddedStackError } from './stack-error.ts';
import { SupervisedChild } from './supervised-child.ts';

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Trades safety at power loss for speed. For tests only. */
  readonly relaxed: boolean;
  /** Takes binaries and data where the account of Postgres cannot enter the checkout or the data dir. */
  readonly systemDir: string;
  /** npm's package of the binaries. */
  readonly packageDir: string;
  readonly onProgress: (message: string) => void;
}

export interface EmbeddedPostgres {
  readonly child: SupervisedChild;
  /** Of the database `homesec`, as its superuser. Holds the password. */
  readonly dsn: string;
}

/** The major everywhere: embedded, compose and the `pg_dump` of Debian 12. See docs/decisions. */
const MAJOR = '15';
const OWNER = 'homesec';
const DATABASE = 'homesec';

const RELAXED = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** A real Postgres on 127.0.0.1, durable unless `relaxed`, with the database `homesec`. Throws `POSTGRES_UNUSABLE`, `STACK_PART_FAILED`. */
export async function openEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const account = findPostgresAccount();
  const binaries = await findPostgresBinaries(account, options.systemDir, options.packageDir);
  const home = await openPostgresHome(options.dataDir, account, options.systemDir);
  const password = await keepPassword(join(options.dataDir, 'postgres.password'));
  const cluster = join(home, 'cluster');
  if (existsSync(cluster)) checkMajor(cluster);
  else await initialise({ ...options, initdb: binaries.initdb, home, password, account });
  const connection = { host: '127.0.0.1', port: options.port, user: OWNER, password };
  const child = await SupervisedChild.open({
    name: 'postgres',
    command: binaries.postgres,
    args: ['-D', cluster, ...settings(options).flatMap((setting) => ['-c', setting])],
    ...(account.spawnAs.uid === undefined ? {} : { user: { uid: account.uid, gid: account.gid } }),
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    pidFile: join(options.dataDir, 'postgres.pid'),
    logFile: join(options.dataDir, 'postgres.log'),
    stopSignal: 'SIGINT', // "fast": open sessions are ended, the data is flushed
    isReady: () => serves(connection),
    onProgress: options.onProgress,
  });
  await ensureDatabase(connection);
  return { child, dsn: `postgres://${OWNER}:${password}@127.0.0.1:${options.port}/${DATABASE}` };
}

function settings(options: EmbeddedPostgresOptions): readonly string[] {
  const common = [
    'listen_addresses=127.0.0.1',
    `port=${options.port}`,
    'unix_socket_directories=',
    'max_connections=200',
    'log_min_messages=warning',
    'timezone=UTC',
  ];
  return options.relaxed ? [...common, ...RELAXED] : [...common, 'fsync=on', 'synchronous_commit=on', 'full_page_writes=on'];
}

/** Of letters and digits only, so that it stands in a URL as it is. */
async function keepPassword(path: string): Promise<string> {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const password = randomBytes(24).toString('hex');
  await writeFile(`${path}.new`, `${password}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return password;
}

function checkMajor(cluster: string): void {
  const major = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (major === MAJOR) return;
  throw new EmbeddedStackError(
    'POSTGRES_UNUSABLE',
    `the database in ${cluster} was written by Postgres ${major}, this is ${MAJOR}; dump it with the old version and restore it, or choose another data dir`,
  );
}

interface Initialisation extends EmbeddedPostgresOptions {
  readonly initdb: string;
  readonly home: string;
  readonly password: string;
  readonly account: PostgresAccount;
}

/** Renamed into place when complete: a start killed in the middle leaves nothing that looks like a database. */
async function initialise({ initdb, home, password, account, relaxed, onProgress }: Initialisation): Promise<void> {
  onProgress('creating the database');
  const fresh = join(home, 'cluster.new');
  const passwordFile = join(home, 'password.new');
  await rm(fresh, { recursive: true, force: true });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account.spawnAs.uid !== undefined) await chown(passwordFile, account.uid, account.gid);
  const flags = ['--auth=scram-sha-256', `--username=${OWNER}`, `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C'];
  try {
    await runInitdb(initdb, [`--pgdata=${fresh}`, ...flags, ...(relaxed ? ['--no-sync'] : [])], account);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(fresh, join(home, 'cluster'));
}

function runInitdb(initdb: string, args: readonly string[], account: PostgresAccount): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(initdb, [...args], { cwd: '/', env: { ...process.env, LC_ALL: 'C' }, ...account.spawnAs });
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else
        reject(new EmbeddedStackError('POSTGRES_UNUSABLE', `initdb ended with ${code}: ${output.join('').trim().slice(-800)}`));
    });
  });
}

interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

async function serves(connection: Connection): Promise<boolean> {
  const client = new pg.Client({ ...connection, database: 'postgres', connectionTimeoutMillis: 2_000 });
  // A connection that breaks after it was made says so here; the next question finds out.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(connection: Connection): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}
