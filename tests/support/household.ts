import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { stringify } from 'yaml';
import { readEndpoints, type StackEndpoints } from '../../src/embedded/stack-file.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { openSpool } from '../../src/spool/spool.ts';
import type { GatedStage } from '../fakes/gated-plugins.ts';
import { makeClip } from './made-clip.ts';
import { createTestContext } from './plugin-context.ts';
import { REPOSITORY } from './run-tool.ts';
import { waitUntil } from './wait-until.ts';

/** What of a household a test wants to differ. */
export interface HouseholdOptions {
  /** Merged over the configuration's top level. */
  readonly config?: object;
  readonly env?: NodeJS.ProcessEnv;
}

export interface StoredClipRow {
  readonly clip_id: string;
  readonly status: string;
}

export interface SentAlert {
  readonly kind: string;
  readonly clipId?: string;
  readonly dedupeKey: string;
  readonly revision: number;
}

/** `homesec run` as a process of its own in a folder of its own, with gated plugins: what an owner has at home. */
export interface Household extends AsyncDisposable {
  readonly dir: string;
  readonly dataDir: string;
  start(...args: string[]): void;
  /** Sends SIGKILL to every process of the household: power failure. */
  powerFailure(): Promise<void>;
  /** Sends SIGKILL to the processes whose command line has these words. @returns how many there were. */
  kill(words: string): Promise<number>;
  stop(): Promise<void>;
  hold(stage: GatedStage): Promise<void>;
  release(stage: GatedStage): Promise<void>;
  /** How often a stage began. */
  calls(stage: GatedStage): Promise<number>;
  dropClip(name: string): Promise<void>;
  alerts(): Promise<SentAlert[]>;
  endpoints(): StackEndpoints | undefined;
  query<Row extends object>(sql: string): Promise<Row[]>;
  /** All clips' states; none while Postgres is away. */
  rows(): Promise<StoredClipRow[]>;
  /** Clips that the spool still owes. */
  openClips(): Promise<number>;
}

const run = promisify(execFile);
const MAIN = join(REPOSITORY, 'src/cli/main.ts');

export async function openHousehold({ config = {}, env = {} }: HouseholdOptions = {}): Promise<Household> {
  const dir = await mkdtemp(join(process.getuid?.() === 0 ? '/tmp' : tmpdir(), 'homesec-house-'));
  // Root's Postgres, under its own account, may pass: its data lies in here as well.
  await chmod(dir, 0o711);
  const [dataDir, gatesDir, cameraDir] = ['data', 'gates', 'camera'].map((name) => join(dir, name)) as [string, string, string];
  await Promise.all([mkdir(gatesDir), mkdir(cameraDir)]);
  const clip = await makeClip(dir, 1_000);
  await writeFile(join(dir, 'homesec.yaml'), stringify({ ...configuration(dir, gatesDir), ...config }), { mode: 0o600 });
  const logFile = join(dir, 'homesec.log');
  let child: ChildProcess | undefined;
  let dropped = 0;

  const house: Household = {
    dir,
    dataDir,
    start: (...args) => {
      const log = openSync(logFile, 'a');
      const verb = args.length === 0 ? ['run'] : args;
      child = spawn(process.execPath, [MAIN, ...verb, '--config', join(dir, 'homesec.yaml')], {
        stdio: ['ignore', log, log],
        detached: true,
        env: { ...process.env, HOMESEC_MQTT_URL: 'mqtt://127.0.0.1:1', ...env },
      });
      closeSync(log);
    },
    powerFailure: async () => {
      // Twice: a supervisor that dies second may just have started another child.
      await house.kill(dir);
      await house.kill(dir);
      child = undefined;
    },
    kill: async (words) => {
      const pids = await processesOf(dir, words);
      for (const pid of pids) killQuietly(pid);
      await waitUntil(`the end of ${words}`, async () => (await processesOf(dir, words)).every((pid) => !pids.includes(pid)));
      return pids.length;
    },
    stop: async () => {
      if (child?.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      child = undefined;
    },
    hold: (stage) => writeFile(join(gatesDir, `hold-${stage}`), ''),
    release: (stage) => rm(join(gatesDir, `hold-${stage}`), { force: true }),
    calls: async (stage) => (await readOr(join(gatesDir, 'calls.log'))).split('\n').filter((line) => line === stage).length,
    dropClip: async (name) => {
      dropped += 1;
      const arriving = join(dir, `arriving-${dropped}`);
      await copyFile(clip.path, arriving);
      // Two files are never the same recording: each has bytes of its own.
      await writeFile(arriving, `clip ${dropped}`.padEnd(16), { flag: 'a' });
      await rename(arriving, join(cameraDir, name));
    },
    alerts: async () =>
      (await readOr(join(gatesDir, 'alerts.jsonl')))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as SentAlert),
    endpoints: () => readEndpoints(dataDir),
    query: (sql) => queryPostgres(house.endpoints()?.postgresDsn, sql),
    rows: () => house.query<StoredClipRow>('select clip_id, status from clip_states order by clip_id').catch(() => []),
    openClips: () => openClips(dataDir),
    async [Symbol.asyncDispose]() {
      await house.stop();
      await house.kill(dir);
      await rm(dir, { recursive: true, force: true });
    },
  };
  return house;
}

function configuration(dir: string, gatesDir: string): object {
  const gated = { backend: 'gated', config: { gates_dir: gatesDir } };
  return {
    version: 1,
    data_dir: './data',
    plugins: [`./${relative(dir, join(REPOSITORY, 'tests/fakes/gated-plugins.ts'))}`],
    cameras: [
      { name: 'Front door', source: { backend: 'local_folder', config: { watch_dir: './camera', stability_threshold_s: 0.2 } } },
    ],
    storage: { backend: 'gated', config: { gates_dir: gatesDir, root: './storage' } },
    notifiers: [{ name: 'phone', ...gated }],
    filter: gated,
    vlm: gated,
    alert_policy: { config: { min_risk_level: 'low' } },
  };
}

async function openClips(dataDir: string): Promise<number> {
  const { logger } = createTestContext();
  const spool = await openSpool({ dir: join(dataDir, 'spool'), role: 'observer', clock: systemClock, logger });
  if (!spool.ok) throw new Error(spool.error.message);
  const { openCount } = await spool.value.backlog();
  await spool.value.close();
  return openCount;
}

/** Of this household, by the folder that all its command lines name; Linux only. */
async function processesOf(dir: string, words: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,stat=,args=', '-ww']);
  return stdout
    .split('\n')
    .filter((line) => line.includes(dir) && line.includes(words) && !/^\s*\d+\s+Z/.test(line))
    .map((line) => Number.parseInt(line, 10));
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

export async function queryPostgres<Row extends object>(dsn: string | undefined, sql: string): Promise<Row[]> {
  if (dsn === undefined) throw new Error('Postgres is not running');
  const client = new pg.Client({ connectionString: dsn });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

const readOr = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
