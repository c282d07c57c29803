import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clip } from '../../../src/domain/clip.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { openSpool } from '../../../src/spool/spool.ts';
import { processesIn } from '../homesec.ts';
import { type Household, openHousehold } from '../household.ts';
import { createTestContext } from '../plugin-context.ts';
import { openTestCamera, type TestCamera } from '../rtsp-camera.ts';
import { valueOf } from '../value-of.ts';
import { codedVideo, countPictures, readCodes, STRIP_MASK } from './coded-video.ts';
import { compareCoverage, type Excuse, type FoundClip } from './coverage.ts';
import { FAULTS, type Fault, LASTING_FAULTS } from './faults.ts';
import { type MemoryUse, watchMemory } from './memory-watch.ts';
import { seededRandom } from './seeded-random.ts';
import { untilSteady } from './steady.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** How often the recorder is killed as well, once in so many seconds. */
  readonly killRecorderEveryS: number;
  /** Hears of each fault as it happens. */
  readonly say?: (line: string) => void;
}

export interface SoakReport {
  readonly seed: number;
  readonly faults: number;
  readonly recorderKills: number;
  readonly clips: number;
  /** Pictures sent while something moved; of those, the ones that no fault excuses. */
  readonly moving: number;
  readonly required: number;
  readonly memory: MemoryUse;
  /** What is not as it should be. */
  readonly problems: readonly string[];
}

interface SoakedCamera {
  readonly name: string;
  readonly camera: TestCamera;
  readonly beganAtMs: number;
  readonly excuses: Excuse[];
  /** Of its own, so that the same seed brings the same faults. */
  readonly random: () => number;
  allowsOne: boolean;
}

interface Soak {
  readonly house: Household;
  readonly cameras: readonly SoakedCamera[];
  readonly beganAtMs: number;
  readonly endsAtMs: number;
  readonly problems: string[];
  readonly say: (line: string) => void;
}

/** Of the stream, at most one group of pictures goes with what breaks. */
const FRAGMENT_MS = 1_000;
/** From when a camera delivers again until its pictures are judged: the first one has to be decoded, and the light to settle. */
const EYES_OPEN_MS = 2_500;
/** From this share of the time on there are also faults whose effect stays. */
const LASTING_FROM = 0.6;

/**
 * `homesec record` and two cameras, in front of which something moves for 18 of each 30 seconds, with a fault every few
 * seconds: what is left over, what is missing, what is there twice.
 */
export async function soakCameras(options: SoakOptions): Promise<SoakReport> {
  const { minutes, seed, say = () => undefined } = options;
  await using stack = new AsyncDisposableStack();
  const video = await codedVideo();
  const cameras: SoakedCamera[] = [];
  for (const [index, name] of ['Front door', 'Garden'].entries()) {
    const sub = { width: 320, height: 180, fps: 10 };
    const camera = stack.use(await openTestCamera({ video, loop: true, sub }));
    cameras.push({ name, camera, beganAtMs: Date.now(), excuses: [], random: seededRandom(seed + index), allowsOne: false });
  }
  const house = stack.use(await openHousehold({ config: { cameras: cameras.map(cameraConfig) } }));
  const soak = { house, cameras, endsAtMs: 0, beganAtMs: Date.now(), problems: [] as string[], say };
  house.start('record');
  await Promise.all(cameras.map((camera) => settled(camera, 'the start', soak.beganAtMs)));
  soak.endsAtMs = Date.now() + minutes * 60_000;
  const memory = watchMemory(house.dir);
  const [kills, ...faults] = await Promise.all([killRecorders(soak, options), ...cameras.map((camera) => trouble(soak, camera))]);
  // What is being recorded may end in peace.
  await delay(EYES_OPEN_MS);
  const used = memory.stop();
  for (const { excuses } of cameras)
    excuses.push({ fromMs: Date.now() - FRAGMENT_MS, untilMs: Number.POSITIVE_INFINITY, isFrozen: false });
  await house.stop();
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const seen = await inspect(soak);
  return {
    ...{ seed, faults: sum(faults), recorderKills: kills, memory: used, ...seen },
    problems: [...soak.problems, ...used.problems, ...(await leftovers(house, cameras)), ...seen.problems],
  };
}

const cameraConfig = ({ name, camera }: SoakedCamera): object => ({
  name,
  source: {
    backend: 'rtsp',
    config: {
      ...{ rtsp_url: camera.mainUrl, detect_rtsp_url: camera.subUrl },
      ...{ recording: { pre_roll_s: 2, stop_delay_s: 1, max_recording_s: 5 }, motion: { masks: [STRIP_MASK] } },
      ...{ reconnect: { backoff_s: 0.2, max_backoff_s: 1 }, runtime: { frame_timeout_s: 2 }, stream: { io_timeout_s: 2 } },
    },
  },
});

/** Excuses from what broke until the camera delivers again and is looked at. */
async function settled(soaked: SoakedCamera, what: string, fromMs: number, isFrozen = false): Promise<string | undefined> {
  const steadyAtMs = await untilSteady(soaked.camera, soaked.allowsOne ? 1 : 2);
  soaked.excuses.push({ fromMs: fromMs - FRAGMENT_MS, untilMs: (steadyAtMs ?? Date.now()) + EYES_OPEN_MS, isFrozen });
  return steadyAtMs === undefined ? `${soaked.name} did not come back after ${what}` : undefined;
}

/** One fault after the other, with a few seconds of peace between. @returns how many there were. */
async function trouble(soak: Soak, soaked: SoakedCamera): Promise<number> {
  const { say, problems, endsAtMs } = soak;
  const { random } = soaked;
  let faults = 0;
  for (;;) {
    await delay(1_000 + random() * 5_000);
    if (Date.now() >= endsAtMs) return faults;
    const fault = nextFault(soak, soaked);
    const atMs = Date.now();
    say(`${sinceStart(soak, atMs)} ${soaked.name}: ${fault.name}`);
    faults += 1;
    if (fault.limitsSessions === true) soaked.allowsOne = true;
    await fault.strike(soaked.camera, random);
    const problem = await settled(soaked, `${fault.name} at ${sinceStart(soak, atMs)}`, atMs, fault.isFrozen);
    if (problem !== undefined) problems.push(problem);
  }
}

function nextFault({ beganAtMs, endsAtMs }: Soak, { random, allowsOne }: SoakedCamera): Fault {
  const share = (Date.now() - beganAtMs) / (endsAtMs - beganAtMs);
  const lasting =
    share < LASTING_FROM ? [] : LASTING_FAULTS.filter(({ limitsSessions }) => limitsSessions !== true || !allowsOne);
  const possible = [...FAULTS, ...lasting];
  const [first] = FAULTS;
  const fault = possible[Math.floor(random() * possible.length)] ?? first;
  if (fault === undefined) throw new Error('there are no faults');
  return fault;
}

async function killRecorders(soak: Soak, { killRecorderEveryS }: SoakOptions): Promise<number> {
  const { house, cameras, say, problems, endsAtMs } = soak;
  for (let kills = 0; ; kills += 1) {
    const nextAtMs = Date.now() + killRecorderEveryS * 1_000;
    if (nextAtMs > endsAtMs) return kills;
    await delay(nextAtMs - Date.now());
    const atMs = Date.now();
    say(`${sinceStart(soak, atMs)} kill -9 of the recorder`);
    await house.kill('main.ts record');
    await house.kill('main.ts');
    house.start('record');
    const what = `the kill at ${sinceStart(soak, atMs)}`;
    for (const problem of await Promise.all(cameras.map((camera) => settled(camera, what, atMs))))
      if (problem !== undefined) problems.push(problem);
  }
}

const sinceStart = ({ beganAtMs }: Soak, atMs: number): string => `${((atMs - beganAtMs) / 1_000).toFixed(1)} s`;

async function inspect(soak: Soak) {
  const clips = await sealedClips(soak.house);
  const problems: string[] = [];
  let [moving, required] = [0, 0];
  for (const { name, camera, beganAtMs, excuses } of soak.cameras) {
    const found: FoundClip[] = [];
    for (const clip of clips.filter(({ cameraName }) => cameraName === name)) found.push(await play(clip, soak, problems));
    const coverage = compareCoverage({ beganAtMs, spans: camera.sent('main').spans }, found, excuses);
    moving += coverage.moving;
    required += coverage.required;
    for (const [first, ...others] of bySecond(coverage.missingAtMs))
      problems.push(`${name}: missing from ${sinceStart(soak, first)} on: ${1 + others.length} pictures`);
    problems.push(...coverage.twice.map((names) => `${name}: the same pictures in ${names}`));
  }
  return { clips: clips.length, moving, required, problems };
}

async function play(clip: Clip, soak: Soak, problems: string[]): Promise<FoundClip> {
  const startMs = Date.parse(clip.recordedStartAt);
  const name = `${basename(clip.path)} (from ${sinceStart(soak, startMs)} on)`;
  try {
    const [codes, pictures] = [await readCodes(clip.path), await countPictures(clip.path)];
    if (codes.length < pictures) problems.push(`${name}: ${codes.length} of ${pictures} pictures can be played`);
    return { name, startMs, codes };
  } catch (cause) {
    problems.push(`${name} cannot be played: ${String(cause)}`);
    return { name, startMs, codes: [] };
  }
}

const bySecond = (timesMs: readonly number[]) =>
  Map.groupBy(timesMs, (atMs) => Math.floor(atMs / 1_000)).values() as Iterable<[number, ...number[]]>;

async function sealedClips({ dataDir }: Household): Promise<Clip[]> {
  const { logger } = createTestContext();
  const spool = valueOf(await openSpool({ dir: join(dataDir, 'spool'), role: 'observer', clock: systemClock, logger }));
  const clips = await spool.openClips();
  await spool.close();
  return clips.toSorted((a, b) => a.recordedStartAt.localeCompare(b.recordedStartAt));
}

/** What a source keeps for its next start. */
const KEPT = new Set(['profile.json', 'picture.memory', 'parts.json']);

async function leftovers({ dir, dataDir }: Household, cameras: readonly SoakedCamera[]): Promise<string[]> {
  const places = [dir, ...cameras.map(({ camera }) => `127.0.0.1:${camera.port}/`)];
  const pids = (await Promise.all(places.map((place) => processesIn(place)))).flat();
  const scratch = join(dataDir, 'spool', 'scratch');
  const entries = await readdir(scratch, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !KEPT.has(entry.name))
    .map(({ name, parentPath }) => join(parentPath, name));
  const journals = entries.filter(({ name }) => name === 'parts.json').map(({ name, parentPath }) => join(parentPath, name));
  const texts = await Promise.all(journals.map((path) => readFile(path, 'utf8')));
  return [
    ...pids.map((pid) => `process ${pid} is left over`),
    ...files.map((file) => `${file} is left over`),
    ...texts.filter((text) => text.trim() !== '[]').map((text) => `not sealed: ${text.trim()}`),
  ];
}
