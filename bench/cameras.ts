import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Clip } from '../src/domain/clip.ts';
import { preparedMedia } from '../tests/support/rtsp-camera/prepared-media.ts';
import type { Sent } from '../tests/support/rtsp-camera/sent-log.ts';
import type { TestCameraOptions } from '../tests/support/rtsp-camera.ts';
import { type BenchRecorder, openBenchRecorder } from './bench-recorder.ts';
import { type CameraProcess, openCameraProcess } from './camera-process.ts';
import { costsBelow, type ProcessCosts } from './process-costs.ts';

/** Shares of one core, by what takes them: `copy` and `detect` are ffmpeg, `recorder` is Node with all sealing. */
export type CoreShares = Readonly<Record<string, number>>;

export interface CamerasBench {
  /** Main stream only: one connection, decoded for motion, recorded without a break. */
  readonly main: CoreShares;
  /** Motion from the sub-stream, main stream recorded without a break. */
  readonly sub: CoreShares;
  /** The same with nothing to record. */
  readonly idle: CoreShares;
  /** With one idle camera; shared pages are divided among those who share them (PSS). */
  readonly memoryMiB: Readonly<Record<string, number>>;
  readonly many: readonly ManyCameras[];
  readonly timesMs: CameraTimes;
  /** Load average of the last minute at the end: on a machine that others use, figures are too high. */
  readonly load: number;
}

export interface ManyCameras {
  readonly cameras: number;
  /** All together. */
  readonly cores: number;
  readonly sentFrames: number;
  /** Pictures that a camera could not get rid of, or that stand in no clip. */
  readonly lostFrames: number;
}

/** From the start of the process, or from what went wrong. */
export interface CameraTimes {
  /** A camera that the recorder does not know yet. */
  readonly firstOnline: number;
  readonly firstJudged: number;
  /** A camera that it knows. */
  readonly online: number;
  readonly judged: number;
  readonly judgedAfterDrop: number;
  readonly onlineAfterDrop: number;
  /** From the kill on, the restart of Node included. */
  readonly onlineAfterKill: number;
  readonly judgedAfterKill: number;
}

export interface CamerasBenchOptions {
  readonly footage: string;
  /** Of each measurement; clips are 60 s long, so that in a longer one a clip is sealed. */
  readonly seconds?: number;
  readonly many?: readonly number[];
  /** Told what is measured next: all of it takes more than ten minutes. */
  readonly onNext?: (what: string) => void;
}

const RATE = ['-preset', 'medium', '-b:v', '4M', '-maxrate', '5M', '-bufsize', '8M'];
const SUB_RATE = ['-preset', 'medium', '-b:v', '500k', '-maxrate', '600k', '-bufsize', '1M'];
const FPS = 25;
/** A second of footage in which somebody is to be seen, and from which on there is hardly a moment without. */
const FROM_SECOND = '24';
/** Nothing is looked at, so that nothing is recorded. */
const BLIND = {
  motion: {
    masks: [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
    ],
  },
};
const [ONLINE, JUDGED, RECORDING] = [/camera_online/, /looking for motion/, /"event_id":"[^"]+","msg":"recording"/];

/** Measures `homesec record` with 1080p25 cameras and 640x360@25 sub-streams: 40 s of footage, looped, over RTSP on loopback. */
export async function benchCameras({
  footage,
  seconds = 65,
  many = [1, 2, 4, 6, 8],
  onNext = () => undefined,
}: CamerasBenchOptions): Promise<CamerasBench> {
  const options = await cameraOptions(footage);
  await using camera = await openCameraProcess(options);
  const urls = { rtsp_url: camera.mainUrl, detect_rtsp_url: camera.subUrl };
  const single = { rtsp_url: camera.mainUrl, stream: { sessions: 'one' } };
  onNext('main stream only');
  const main = await sharesOf(single, RECORDING, seconds);
  onNext('sub-stream for motion, recording');
  const sub = await sharesOf(urls, RECORDING, seconds);
  onNext('sub-stream for motion, idle');
  const idle = await sharesOf({ ...BLIND, ...urls }, JUDGED, seconds);
  onNext('times to be online');
  const timesMs = await measureTimes({ ...BLIND, ...urls }, camera);
  const counts: ManyCameras[] = [];
  for (const count of many) {
    onNext(`${count} cameras at once`);
    counts.push(await measureMany(options, count, seconds));
  }
  return {
    ...{ main: main.shares, sub: sub.shares, idle: idle.shares, memoryMiB: idle.memoryMiB },
    ...{ many: counts, timesMs, load: loadavg()[0] ?? 0 },
  };
}

async function cameraOptions(footage: string): Promise<TestCameraOptions> {
  const cut = ['-ss', FROM_SECOND, '-i', footage, '-t', '40', '-an', '-c:v', 'libx264', '-crf', '10', '-f', 'mp4'];
  const video = await preparedMedia(cut, await readFile(footage));
  const sub = { width: 640, height: 360, fps: FPS, encoding: SUB_RATE };
  return { video, width: 1920, height: 1080, fps: FPS, encoding: RATE, gopSeconds: 2, sub, loop: true };
}

function groupOf(command: string): string | undefined {
  if (command.includes('main.ts record')) return 'recorder';
  if (command.includes('main.ts worker')) return 'host worker';
  if (!command.startsWith('ffmpeg')) return undefined;
  if (command.includes('-segment_list')) return 'copy';
  return command.includes('rawvideo') ? 'detect' : undefined;
}

type Costs = ReadonlyMap<string, ProcessCosts>;

/** What is spent between two readings, in shares of one core. */
const sharesBetween = (before: Costs, after: Costs, tookMs: number): CoreShares =>
  Object.fromEntries(
    [...after].map(([group, { cpuMs }]) => [group, (cpuMs - (before.get(group)?.cpuMs ?? 0)) / tookMs] as const),
  );

async function spend(recorder: BenchRecorder, seconds: number): Promise<{ shares: CoreShares; after: Costs }> {
  const before = costsBelow(recorder.pid, groupOf);
  const startedAt = performance.now();
  await delay(seconds * 1000);
  const after = costsBelow(recorder.pid, groupOf);
  return { shares: sharesBetween(before, after, performance.now() - startedAt), after };
}

/** Of one camera, from when that has begun and the machine has settled. */
async function sharesOf(config: object, begun: RegExp, seconds: number) {
  await using recorder = await openBenchRecorder([{ name: 'Bench', config }]);
  recorder.start();
  await recorder.said(begun);
  await delay(SETTLE_MS);
  const { shares, after } = await spend(recorder, seconds);
  return { shares, memoryMiB: Object.fromEntries([...after].map(([group, { memoryMiB }]) => [group, memoryMiB] as const)) };
}

const SETTLE_MS = 5_000;

/** Medians of some rounds: a camera that sends a key frame every two seconds lets its clients wait for up to so long. */
async function measureTimes(config: object, camera: CameraProcess): Promise<CameraTimes> {
  const rounds: CameraTimes[] = [];
  for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measureOnce(config, camera));
  const median = (key: keyof CameraTimes): number =>
    rounds.map((round) => round[key]).toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  return {
    ...{ firstOnline: median('firstOnline'), firstJudged: median('firstJudged') },
    ...{ online: median('online'), judged: median('judged') },
    ...{ onlineAfterDrop: median('onlineAfterDrop'), judgedAfterDrop: median('judgedAfterDrop') },
    ...{ onlineAfterKill: median('onlineAfterKill'), judgedAfterKill: median('judgedAfterKill') },
  };
}

const ROUNDS = 5;

async function measureOnce(config: object, camera: CameraProcess): Promise<CameraTimes> {
  await using recorder = await openBenchRecorder([{ name: 'Bench', config }]);
  const since = async (startedAt: number) => {
    const times = { online: (await recorder.said(ONLINE)) - startedAt, judged: (await recorder.said(JUDGED)) - startedAt };
    recorder.forget();
    return times;
  };
  const first = await since(recorder.start());
  await recorder.stop();
  recorder.forget();
  const known = await since(recorder.start());
  await camera.call('drop');
  const dropped = await since(performance.now());
  const killedAt = performance.now();
  await recorder.kill();
  recorder.start();
  const killed = await since(killedAt);
  return {
    ...{ firstOnline: first.online, firstJudged: first.judged, online: known.online, judged: known.judged },
    ...{ onlineAfterDrop: dropped.online, judgedAfterDrop: dropped.judged },
    ...{ onlineAfterKill: killed.online, judgedAfterKill: killed.judged },
  };
}

async function measureMany(options: TestCameraOptions, count: number, seconds: number): Promise<ManyCameras> {
  await using stack = new AsyncDisposableStack();
  const cameras: CameraProcess[] = [];
  for (let made = 0; made < count; made += 1) cameras.push(stack.use(await openCameraProcess(options)));
  const recorder = stack.use(
    await openBenchRecorder(
      cameras.map(({ mainUrl, subUrl }, index) => ({
        name: `Bench ${index}`,
        config: { rtsp_url: mainUrl, detect_rtsp_url: subUrl },
      })),
    ),
  );
  recorder.start();
  await recorder.said(RECORDING, count);
  const sinceMs = Date.now();
  await delay(SETTLE_MS);
  const { shares } = await spend(recorder, seconds);
  const sent = await Promise.all(cameras.flatMap((camera) => ['main', 'sub'].map((stream) => camera.call(`sent ${stream}`))));
  await recorder.stop();
  const missing = await Promise.all((await recorder.clips()).map(missingFrames));
  return {
    cameras: count,
    cores: sum(Object.values(shares)),
    sentFrames: sum(sent.map((log) => (log as Sent).frames)),
    lostFrames: sum(sent.map((log) => unsentFrames(log as Sent, sinceMs))) + sum(missing),
  };
}

/** Frames for which a client had no room, since then: between two that it took there is time for them. */
function unsentFrames({ spans }: Sent, sinceMs: number): number {
  const gaps = spans.slice(1).map((span, index) => span.firstFrameAtMs - (spans[index]?.lastFrameAtMs ?? span.firstFrameAtMs));
  const after = gaps.filter((_gap, index) => (spans[index]?.lastFrameAtMs ?? 0) > sinceMs);
  return sum(after.map((gapMs) => Math.max(0, Math.round((gapMs * FPS) / 1000) - 1)));
}

/** Frames that are missing within a clip. */
async function missingFrames({ path, durationMs }: Clip): Promise<number> {
  const entries = ['-count_packets', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0'];
  const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', ...entries, path]);
  return Math.max(0, Math.round((durationMs * FPS) / 1000) - Number(stdout) - 1);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

if (import.meta.main) {
  const footage = join(import.meta.dirname, '..', '..', 'shared', 'footage', 'one-by-one-person-detection.mp4');
  if (!existsSync(footage)) throw new Error('the bench needs footage beside the checkout');
  const [seconds = 65] = process.argv.slice(2).map(Number);
  process.stdout.write(`${JSON.stringify(await benchCameras({ footage, seconds }), undefined, 2)}\n`);
}
