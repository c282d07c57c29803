import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clip } from '../../src/domain/clip.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { rtspSource } from '../../src/plugins/sources/rtsp/index.ts';
import type { ClipSource } from '../../src/plugins/spec/source.ts';
import { openSpool, type RecorderSpool } from '../../src/spool/spool.ts';
import { createTestContext, type TestContext } from './plugin-context.ts';
import { openTestCamera, type TestCamera, type TestCameraOptions } from './rtsp-camera.ts';
import type { MediaFolder } from './test-media.ts';
import { valueOf } from './value-of.ts';
import { waitUntil } from './wait-until.ts';

/** A camera, and the rtsp source that records it into a real spool. */
export interface RtspHouse extends AsyncDisposable {
  readonly camera: TestCamera;
  readonly spool: RecorderSpool;
  readonly context: TestContext;
  /** Starts a source; one at a time. */
  record(config?: object): Promise<ClipSource>;
  clips(): Promise<Clip[]>;
  sealed(count: number): Promise<Clip[]>;
}

/** A second of the video at which a box begins to cross the picture, and one at which it has left. Quiet before and after. */
export const VISIT = { from: 4, until: 9, lasts: 16 } as const;

/** A quiet, noisy scene with one visit. */
export const visitVideo = (media: MediaFolder): Promise<string> =>
  media.clip(
    'visit.mp4',
    `color=gray:s=640x360:r=10:d=${VISIT.lasts},noise=alls=5:allf=t[a];color=white:s=120x160:r=10:d=${VISIT.lasts}[b];` +
      `[a][b]overlay=x='(t-${VISIT.from})*110-20':y=120:enable='between(t,${VISIT.from},${VISIT.until})'`,
  );

export async function openRtspHouse(options: TestCameraOptions, secrets: Record<string, string> = {}): Promise<RtspHouse> {
  const dir = await mkdtemp(join(tmpdir(), 'homesec-rtsp-'));
  const camera = await openTestCamera(options);
  const context = createTestContext({ cameraName: 'Front Door', secrets });
  const { logger } = context;
  const spool = valueOf(await openSpool({ dir: join(dir, 'spool'), role: 'recorder', clock: systemClock, logger }));
  let source: ClipSource | undefined;
  const clips = (): Promise<Clip[]> => spool.openClips();
  return {
    camera,
    spool,
    context,
    clips,
    async record(config = {}) {
      source = rtspSource.create(parseConfig(camera, config), context);
      await source.start(spool.sink());
      return source;
    },
    async sealed(count) {
      await waitUntil(`${count} clips`, async () => (await clips()).length >= count, 60_000);
      return clips();
    },
    async [Symbol.asyncDispose]() {
      await source?.stop();
      await spool.close();
      await camera[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const QUICK = {
  recording: { pre_roll_s: 2, stop_delay_s: 1 },
  reconnect: { backoff_s: 0.2, max_backoff_s: 1 },
  runtime: { frame_timeout_s: 2 },
  stream: { io_timeout_s: 2 },
} as const;

function parseConfig({ mainUrl, subUrl }: TestCamera, config: object) {
  return rtspSource.configSchema.parse({ rtsp_url: mainUrl, detect_rtsp_url: subUrl, ...QUICK, ...config });
}

export interface VideoFacts {
  readonly frames: number;
  readonly audio: string;
  /** The index comes before the pictures, so that a player can begin at once. */
  readonly isFastStart: boolean;
}

/** What a player would find in a file. */
export async function lookInto(path: string): Promise<VideoFacts> {
  const run = (args: readonly string[]) => promisify(execFile)('ffprobe', ['-v', 'error', ...args, path]);
  const { stdout } = await run([
    '-count_packets',
    '-show_entries',
    'stream=codec_type,codec_name,nb_read_packets',
    '-of',
    'csv=p=0',
  ]);
  const streams = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const { stderr } = await promisify(execFile)('ffprobe', ['-v', 'trace', path], { maxBuffer: 64 * 1024 * 1024 });
  const frames = Number(streams.find((stream) => stream.includes('video'))?.at(-1));
  const audio = streams.find((stream) => stream.includes('audio'))?.[0] ?? 'none';
  return { frames, audio, isFastStart: stderr.indexOf("type:'moov'") < stderr.indexOf("type:'mdat'") };
}
