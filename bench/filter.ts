import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeFrames } from '../src/media/frames.ts';
import { yoloFilter } from '../src/plugins/filters/yolo/index.ts';
import type { PluginContext } from '../src/plugins/spec/plugin.ts';

/** Medians in milliseconds. Decoding and inference run side by side: the wall is less than their sum. */
export interface FilterBench {
  readonly runs: number;
  readonly frames: number;
  readonly wallMs: number;
  /** The decoder alone, frames thrown away. */
  readonly decodeMs: number;
  /** Spent in the detector process, all frames together. */
  readonly inferenceMs: number;
  /** From the first call on: the process starts and the model loads beside the decoder. */
  readonly coldWallMs: number;
  /** Load average of the last minute when the bench ended: on a machine that others use, figures are too high. */
  readonly load: number;
}

export interface FilterBenchFiles {
  /** Footage that the 10 s 1080p25 clip is cut from. */
  readonly footage: string;
  /** YOLOX-nano, 416 x 416. */
  readonly model: string;
}

/** Nobody is in a hundred thousand frames of a ten-second clip: no early end. */
export const FILTER_CONFIG = { model: 'yolox_nano_bench', min_hits: 100_000 };

/** Measures the yolo filter on ten seconds of 1080p25 at two frames per second, every frame looked at. */
export async function benchFilter({ footage, model }: FilterBenchFiles, runs = 7): Promise<FilterBench> {
  const dir = await mkdtemp(join(tmpdir(), 'homesec-bench-'));
  try {
    const clip = await cutClip(footage, dir);
    await installModel(model, join(dir, 'models'));
    const costs: { wallMs: number; inferenceMs: number; frames: number }[] = [];
    const config = yoloFilter.configSchema.parse(FILTER_CONFIG);
    const filter = yoloFilter.create(config, contextOf(join(dir, 'models'), costs));
    const { signal } = new AbortController();
    const wallsMs: number[] = [];
    for (let run = 0; run <= runs; run++) {
      const startedAt = performance.now();
      const detected = await filter.detect({ path: clip, cameraName: 'bench', signal, onProgress: () => {} });
      if (!detected.ok) throw new Error(detected.error.message);
      wallsMs.push(performance.now() - startedAt);
    }
    await filter.close();
    const decodesMs: number[] = [];
    for (let run = 0; run < runs; run++) decodesMs.push(await decodeOnce(clip));
    return {
      runs,
      frames: costs[0]?.frames ?? 0,
      wallMs: median(wallsMs.slice(1)),
      decodeMs: median(decodesMs),
      inferenceMs: median(costs.slice(1).map((cost) => cost.inferenceMs)),
      coldWallMs: Math.round(wallsMs[0] ?? 0),
      load: loadavg()[0] ?? 0,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Ten seconds of 1080p25 at 4 Mbit/s. @returns its path */
export async function cutClip(footage: string, dir: string): Promise<string> {
  const clip = join(dir, 'clip10s-1080p.mp4');
  const picture = ['-vf', 'fps=25,scale=1920:1080:flags=bicubic,setsar=1,format=yuv420p', '-c:v', 'libx264', '-preset', 'medium'];
  const rate = ['-b:v', '4M', '-maxrate', '5M', '-bufsize', '8M', '-g', '50', '-bf', '0', '-an', '-movflags', '+faststart'];
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-ss', '24', '-i', footage, '-t', '10', ...picture, ...rate, clip]);
  return clip;
}

/** As `yolox_nano_bench`. */
export async function installModel(model: string, modelsDir: string): Promise<void> {
  const folder = join(modelsDir, 'yolox_nano_bench');
  await mkdir(folder, { recursive: true });
  await copyFile(model, join(folder, 'model.onnx'));
  const sha256 = createHash('sha256')
    .update(await readFile(model))
    .digest('hex');
  const input = {
    width: 416,
    height: 416,
    layout: 'nchw',
    dtype: 'float32',
    channels: 'bgr',
    padding: 'top_left',
    rectangular: true,
  };
  const origin = { license: 'Apache-2.0', source: model };
  const manifest = { id: 'yolox_nano_bench', file: 'model.onnx', sha256, ...origin, input, output: { decoder: 'yolox' } };
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
}

/** The filter tells its costs to the log, field by field. */
function contextOf(modelsDir: string, costs: { wallMs: number; inferenceMs: number; frames: number }[]): PluginContext {
  const read = (fields: object, name: string): number => Number(Reflect.get(fields, name));
  const debug = (fields: object): void => {
    costs.push({ wallMs: read(fields, 'wall_ms'), inferenceMs: read(fields, 'inference_ms'), frames: read(fields, 'frames') });
  };
  const silent = (): void => {};
  return {
    logger: { debug, info: silent, warn: silent, error: silent },
    clock: { now: () => new Date().toISOString() },
    tempDir: tmpdir(),
    stateDir: tmpdir(),
    modelsDir,
    signal: new AbortController().signal,
    readSecret: () => {
      throw new Error('the bench has no secrets');
    },
    cameraNames: ['bench'],
  };
}

async function decodeOnce(path: string): Promise<number> {
  const startedAt = performance.now();
  const canvas = { width: 416, height: 416, shrinkToMultipleOf: 32, padding: 'top_left', pad: 114 } as const;
  for await (const _frame of decodeFrames({ path, sampleFps: 2, canvas, signal: new AbortController().signal })) void _frame;
  return performance.now() - startedAt;
}

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);

if (import.meta.main) {
  const shared = join(import.meta.dirname, '..', '..', 'shared');
  const files = {
    footage: join(shared, 'footage', 'one-by-one-person-detection.mp4'),
    model: join(shared, 'models', 'yolox_nano_416.onnx'),
  };
  if (!existsSync(files.footage) || !existsSync(files.model))
    throw new Error('the bench needs footage and model beside the checkout');
  process.stdout.write(`${JSON.stringify(await benchFilter(files), undefined, 2)}\n`);
}
