import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { createFrameLog, FRAME_LOG_ARGS, FRAME_LOG_FILTER } from './frame-log.ts';
import { type JpegLook, jpegFilters, jpegQuantizer, splitJpegs } from './jpeg.ts';
import { runMedia } from './media-process.ts';
import { snapshot } from './snapshot.ts';

export interface JpegsRequest extends JpegLook {
  readonly path: string;
  /** Media times, in any order. Each gives the first frame that is not before it. */
  readonly atMs: readonly number[];
  readonly signal: AbortSignal;
}

export interface JpegFrame {
  readonly jpeg: Buffer;
  /** Media time of the frame itself. */
  readonly atMs: number;
}

/** Up to so much video per frame, decoding it in passing costs less than a process that seeks. */
const SPARSE_MS = 5_000;
const SEEKS_AT_ONCE = 2;
const MS_PER_FRAME_ALLOWED = 60_000;

/**
 * Frames of a video as JPEGs, in the order of time, each at most once: by one pass of one ffmpeg process over the part that the times
 * span, or by seeking where they lie far apart.
 * @returns fewer frames than asked for when times lie past the end; CLIP_UNREADABLE when there is none at all.
 * @throws the signal's reason when aborted.
 */
export async function extractJpegs(request: JpegsRequest): Promise<Result<readonly JpegFrame[], PluginFailure>> {
  const times = [...new Set(request.atMs.map((at) => Math.max(0, Math.round(at))))].toSorted((a, b) => a - b);
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const extracted = spanMs > times.length * SPARSE_MS ? await seekEach(request, times) : await passOnce(request, times);
  if (!extracted.ok || extracted.value.length > 0 || times.length === 0) return extracted;
  return err(pluginFailure('CLIP_UNREADABLE', `${request.path} has no frame that can be decoded at the times asked for`));
}

async function passOnce(request: JpegsRequest, times: readonly number[]): Promise<Result<JpegFrame[], PluginFailure>> {
  const { path, signal } = request;
  signal.throwIfAborted();
  const log = createFrameLog();
  const startMs = times[0] ?? 0;
  const timeoutMs = MS_PER_FRAME_ALLOWED + (times.at(-1) ?? 0);
  const run = await runMedia({ tool: 'ffmpeg', args: passArgs(request, times), signal, timeoutMs, onLine: log.onLine });
  log.end();
  signal.throwIfAborted();
  if (run.startError !== undefined) return err(pluginFailure('UNEXPECTED', 'ffmpeg cannot be started', run.startError));
  const frames: JpegFrame[] = [];
  for (const jpeg of splitJpegs(run.output)) {
    const note = await log.next();
    if (note !== undefined) frames.push({ jpeg, atMs: startMs + note.atMs });
  }
  if (frames.length > 0 || (run.code === 0 && !run.killed)) return ok(frames);
  const why = run.killed ? `no answer within ${timeoutMs / 1000} s` : run.complaint.split('\n').at(-1);
  return err(pluginFailure('CLIP_UNREADABLE', `ffmpeg got no frame out of ${path}: ${why}`));
}

function passArgs(request: JpegsRequest, times: readonly number[]): string[] {
  // After seeking, ffmpeg counts from the place it was sent to.
  const startMs = times[0] ?? 0;
  const lastMs = (times.at(-1) ?? 0) - startMs;
  // For each time the first frame at or after it: the frame before it was too early.
  const wanted = times.map((at) => {
    const second = ((at - startMs - 1) / 1000).toFixed(3);
    return `gte(t\\,${second})*(isnan(prev_t)+lt(prev_t\\,${second}))`;
  });
  const filters = [`select='${wanted.join('+')}'`, ...jpegFilters(request.maxSize), FRAME_LOG_FILTER].join(',');
  const input = ['-ss', String(startMs / 1000), '-i', request.path, '-map', '0:V:0'];
  const limits = ['-t', String(lastMs / 1000 + 10), '-frames:v', String(times.length)];
  const jpeg = ['-fps_mode', 'passthrough', '-c:v', 'mjpeg', '-q:v', String(jpegQuantizer(request.quality))];
  return [...FRAME_LOG_ARGS, ...input, '-vf', filters, ...limits, ...jpeg, '-f', 'image2pipe', 'pipe:1'];
}

async function seekEach(request: JpegsRequest, times: readonly number[]): Promise<Result<JpegFrame[], PluginFailure>> {
  const frames: JpegFrame[] = [];
  for (let first = 0; first < times.length; first += SEEKS_AT_ONCE) {
    const some = times.slice(first, first + SEEKS_AT_ONCE);
    const shots = some.map((atMs) => snapshot({ ...request, atMs }));
    // All of them have to end, also when one throws.
    await Promise.allSettled(shots);
    for (const [index, shot] of (await Promise.all(shots)).entries()) {
      if (!shot.ok) return shot;
      if (shot.value !== undefined) frames.push({ jpeg: shot.value, atMs: some[index] ?? 0 });
    }
  }
  return ok(frames);
}
