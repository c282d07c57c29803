import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { stringify } from 'yaml';
import { readEndpoints } from '../src/embedded/stack-file.ts';

/** `homesec run` as its owner starts it, in a folder that goes afterwards. */
export interface BenchHousehold extends AsyncDisposable {
  /** Of the process that all others descend from. */
  readonly pid: number;
  readonly database: pg.Client;
  /** `host:port` */
  readonly temporalAddress: () => string;
  /** Hands the source a finished file. */
  readonly record: () => Promise<void>;
  /** Resolves when so many clips, counted from the start, stand as `done` in `clip_states`. */
  readonly done: (count: number) => Promise<void>;
}

export interface BenchHouseholdOptions {
  /** The bytes of every file; left out: 64 KiB of noise, other ones each time. */
  readonly clip?: Uint8Array;
  /** Parts of the configuration that take the place of the trivial plugins. */
  readonly config?: object;
  /** Puts what these parts need below the household's data folder. */
  readonly prepare?: (dataDir: string) => Promise<void>;
}

const MAIN = join(import.meta.dirname, '../src/cli/main.ts');
const START_TIMEOUT_MS = 60_000;
const DONE_TIMEOUT_MS = 300_000;

export async function openBenchHousehold({ clip, config = {}, prepare }: BenchHouseholdOptions = {}): Promise<BenchHousehold> {
  const dir = await mkdtemp(join(tmpdir(), 'homesec-bench-'));
  // Root's Postgres has an account of its own, which has to pass.
  chmodSync(dir, 0o711);
  const [dropDir, arrivingDir] = [join(dir, 'drop'), join(dir, 'arriving')];
  await Promise.all([mkdir(dropDir), mkdir(arrivingDir)]);
  await writeFile(join(dir, 'homesec.yaml'), stringify({ ...configuration(dir, dropDir), ...config }), { mode: 0o600 });
  await prepare?.(join(dir, 'data'));
  const child = startRun(dir);
  try {
    const database = await connected(child, dir);
    const done = await countDone(database);
    let recorded = 0;
    return {
      pid: child.pid ?? 0,
      database,
      temporalAddress: () => readEndpoints(join(dir, 'data'))?.temporalAddress ?? 'nowhere',
      record: async () => {
        recorded += 1;
        const name = `${recorded}.mp4`;
        await writeFile(join(arrivingDir, name), clip ?? randomBytes(65_536));
        await rename(join(arrivingDir, name), join(dropDir, name));
      },
      done,
      async [Symbol.asyncDispose]() {
        await database.end();
        await end(child, dir);
      },
    };
  } catch (cause) {
    await end(child, dir);
    throw cause;
  }
}

function configuration(dir: string, dropDir: string): object {
  const trivial = { backend: 'bench' };
  return {
    version: 1,
    data_dir: './data',
    plugins: [`./${relative(dir, join(import.meta.dirname, 'trivial-plugins.ts'))}`],
    cameras: [{ name: 'Bench', source: { backend: 'bench', config: { dir: dropDir } } }],
    storage: trivial,
    filter: trivial,
    vlm: { ...trivial, run_mode: 'trigger_only', trigger_classes: ['person'] },
    alert_policy: { config: { min_risk_level: 'low' } },
    notifiers: [{ name: 'phone', ...trivial }],
    // A slow machine takes longer than a minute for the burst; an alert ahead of its clip is then right, but not what is measured.
    alert: { deadline_s: 3_600 },
    // The default of one clip at a time suits a detector that fills a processor. One that answers at once would only wait.
    concurrency: { upload_workers: 4, filter_workers: 4, vlm_workers: 4 },
  };
}

function startRun(dir: string): ChildProcess {
  const log = openSync(join(dir, 'homesec.log'), 'a');
  const args = [MAIN, 'run', '--config', join(dir, 'homesec.yaml')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(dir, { recursive: true, force: true });
}

/** Waits until the servers are up and the tables are there. */
async function connected(child: ChildProcess, dir: string): Promise<pg.Client> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const dsn = readEndpoints(join(dir, 'data'))?.postgresDsn;
    const client = dsn === undefined ? undefined : await tryConnect(dsn);
    if (client !== undefined) return client;
    await delay(100);
  }
  const log = await readFile(join(dir, 'homesec.log'), 'utf8');
  throw new Error(`the household did not start:\n${log.slice(-2_000)}`);
}

async function tryConnect(dsn: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({ connectionString: dsn });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select from clip_states limit 1');
    return client;
  } catch {
    await client.end();
    return undefined;
  }
}

/** Told by Postgres at the commit, so that waiting costs nothing that would be measured. */
async function countDone(database: pg.Client): Promise<BenchHousehold['done']> {
  await database.query(`
    create function bench_done() returns trigger language plpgsql as $$
      begin perform pg_notify('bench_done', new.clip_id); return null; end $$;
    create trigger bench_done after insert or update on clip_states
      for each row when (new.status = 'done') execute function bench_done();
    listen bench_done`);
  const done = new Set<string>();
  let arrived = Promise.withResolvers<void>();
  database.on('notification', ({ payload }) => {
    if (payload !== undefined) done.add(payload);
    arrived.resolve();
    arrived = Promise.withResolvers();
  });
  return async (count) => {
    const deadline = new AbortController();
    const late = delay(DONE_TIMEOUT_MS, 'late' as const, { signal: deadline.signal }).catch(() => undefined);
    while (done.size < count) {
      if ((await Promise.race([arrived.promise, late])) === 'late')
        throw new Error(`only ${done.size} of ${count} clips are done`);
    }
    deadline.abort();
  };
}
