import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { chmod, glob, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClipAlert } from '../../src/domain/alert.ts';
import type { GatedStage } from '../fakes/gated-plugins.ts';
import { openClipDatabase } from './clip-database.ts';
import { HOMESEC } from './homesec.ts';
import { makeClip } from './made-clip.ts';
import { REPOSITORY } from './run-tool.ts';
import { stack } from './stack.ts';
import { type Machine, openSocketTo, openTwoMachines } from './two-machines.ts';
import { waitUntil } from './wait-until.ts';

const TEMPORAL_PORT = 7233;
const CLIPS_PORT = 8790;

export interface ClipRow {
  readonly clip_id: string;
  readonly status: string;
}

/**
 * A house on two machines that share nothing but a cable: cameras, and Temporal's door, on the one, the GPU on the other.
 * Workflows, alerts and Postgres are somewhere else, as on a third. The GPU's storage is not the one that clips are uploaded to.
 */
export interface SplitHouse extends AsyncDisposable {
  /** Clips that the GPU's machine has copies of. */
  copies(): Promise<string[]>;
  startGpu(): ChildProcess;
  /** Another GPU worker, on the machine with the cameras. */
  startSpareGpu(): ChildProcess;
  dropClip(name: string): Promise<void>;
  hold(stage: GatedStage): Promise<void>;
  release(stage: GatedStage): Promise<void>;
  calls(stage: GatedStage): Promise<number>;
  alerts(): Promise<ClipAlert[]>;
  rows(): Promise<ClipRow[]>;
  /** Waits until Postgres has so many clips. @returns their ids, the newest first. */
  clipIds(count: number): Promise<string[]>;
  /** The payloads of all events of a type, oldest first. */
  events(eventType: string): Promise<{ readonly attempt?: number }[]>;
  readonly cutCable: () => Promise<void>;
  readonly joinCable: () => Promise<void>;
}

export async function openSplitHouse(): Promise<SplitHouse> {
  const dir = await mkdtemp(join(tmpdir(), 'homesec-split-'));
  await chmod(dir, 0o711);
  const [cameraDir, gpuDir, gatesDir, visits] = ['cameras', 'gpu', 'gates', 'visits'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const folder of [cameraDir, gpuDir, gatesDir, visits, join(cameraDir, 'watched')]) await mkdir(folder);
  const [database, namespace, machines] = await Promise.all([openClipDatabase(), stack.createNamespace(), openTwoMachines()]);
  const socket = join(dir, 'temporal.sock');
  const toTemporal = await openSocketTo(Number(new URL(`tcp://${stack.temporalAddress}`).port), socket);
  const { first: cameras, second: gpu } = machines;
  const made = await makeClip(dir, 1_000);
  let dropped = 0;

  const write = (at: string, config: object) => writeFile(join(at, 'homesec.yaml'), JSON.stringify(config), { mode: 0o600 });
  const configOf = (address: string) =>
    configuration({ gatesDir, namespace, address, publicUrl: `http://${cameras.address}:${CLIPS_PORT}` });
  await write(cameraDir, configOf(`127.0.0.1:${TEMPORAL_PORT}`));
  await write(gpuDir, configOf(`${cameras.address}:${TEMPORAL_PORT}`));
  const thirdDir = join(dir, 'third');
  await mkdir(thirdDir);
  await write(thirdDir, configOf(stack.temporalAddress));
  process.env['HOMESEC_SPLIT_SECRET'] = 'known to both machines';
  process.env['HOMESEC_SPLIT_DSN'] = database.dsn;

  // No disk in common: where the cameras' files lie, the other machine has an empty folder.
  await gpu.run('mount', '-t', 'tmpfs', 'none', cameraDir);
  cameras.spawn(process.execPath, [join(REPOSITORY, 'tests/support/door-child.ts'), String(TEMPORAL_PORT), socket]);
  const start = (machine: Machine, at: string, ...verb: string[]) =>
    machine.spawn('sh', [
      '-c',
      `exec "$0" "$@" >>"${at}/homesec.log" 2>&1`,
      process.execPath,
      HOMESEC,
      ...verb,
      '--config',
      join(at, 'homesec.yaml'),
    ]);
  start(cameras, cameraDir, 'record');
  const log = openSync(join(thirdDir, 'homesec.log'), 'a');
  const pipeline = spawn(process.execPath, [HOMESEC, 'worker', 'pipeline', '--config', join(thirdDir, 'homesec.yaml')], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);

  const rows = async <Row extends object>(sql: string, ...values: string[]) => (await database.pool.query<Row>(sql, values)).rows;
  const clips = () => rows<ClipRow>('select clip_id, status from clip_states order by recorded_at desc');
  return {
    // Folders may go while it looks.
    copies: async () => {
      const copies: string[] = [];
      for await (const path of glob('data/tmp/copies/**/*.mp4', { cwd: gpuDir })) copies.push(path);
      return copies;
    },
    startGpu: () => start(gpu, gpuDir, 'worker', 'gpu'),
    startSpareGpu: () => start(cameras, cameraDir, 'worker', 'gpu'),
    dropClip: async (name) => {
      dropped += 1;
      const arriving = join(visits, name);
      await writeFile(arriving, Buffer.concat([await readFile(made.path), Buffer.from(`visit ${dropped}`.padEnd(16))]));
      await rename(arriving, join(cameraDir, 'watched', name));
    },
    hold: (stage) => writeFile(join(gatesDir, `hold-${stage}`), ''),
    release: (stage) => rm(join(gatesDir, `hold-${stage}`), { force: true }),
    calls: async (stage) => (await linesOf(join(gatesDir, 'calls.log'))).filter((line) => line === stage).length,
    alerts: async () => (await linesOf(join(gatesDir, 'alerts.jsonl'))).map((line) => JSON.parse(line) as ClipAlert),
    rows: clips,
    clipIds: async (count) => {
      await waitUntil(`${count} clips`, async () => (await clips()).length === count, 120_000);
      return (await clips()).map((row) => row.clip_id);
    },
    events: async (eventType) =>
      (
        await rows<{ event_data: { attempt?: number } }>(
          'select event_data from clip_events where event_type = $1 order by sequence',
          eventType,
        )
      ).map((row) => row.event_data),
    cutCable: machines.cut,
    joinCable: machines.join,
    async [Symbol.asyncDispose]() {
      await machines[Symbol.asyncDispose]();
      pipeline.kill('SIGKILL');
      if (pipeline.exitCode === null && pipeline.signalCode === null) await once(pipeline, 'exit');
      await toTemporal[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface Place {
  readonly gatesDir: string;
  readonly namespace: string;
  /** Of Temporal, as this machine reaches it. */
  readonly address: string;
  readonly publicUrl: string;
}

function configuration({ gatesDir, namespace, address, publicUrl }: Place): object {
  const gated = { backend: 'gated', config: { gates_dir: gatesDir } };
  const source = { backend: 'local_folder', config: { watch_dir: './watched', stability_threshold_s: 0.2 } };
  return {
    version: 1,
    data_dir: './data',
    plugins: [join(REPOSITORY, 'tests/fakes/gated-plugins.ts')],
    cameras: [{ name: 'Front door', source }],
    storage: { backend: 'gated', config: { gates_dir: gatesDir, root: './storage' } },
    state_store: { dsn_env: 'HOMESEC_SPLIT_DSN' },
    notifiers: [{ name: 'phone', ...gated }],
    filter: gated,
    vlm: { ...gated, run_mode: 'never' },
    alert: { deadline_s: 4 },
    temporal: { address, namespace },
    clip_server: { listen: `0.0.0.0:${CLIPS_PORT}`, public_url: publicUrl, secret_env: 'HOMESEC_SPLIT_SECRET' },
  };
}

async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}
