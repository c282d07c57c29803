import type { Readable } from 'node:stream';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { createFrameLog, FRAME_LOG_ARGS, FRAME_LOG_FILTER, type FrameLog } from './frame-log.ts';
import { type CanvasShape, type Letterbox, letterboxFilters, letterboxOf } from './letterbox.ts';
import { type MediaExit, startMedia } from './media-process.ts';

export interface FramesRequest {
  readonly path: string;
  /** At most so many frames per second of media; a video with fewer gives those it has, none twice. */
  readonly sampleFps: number;
  readonly canvas: CanvasShape;
  readonly signal: AbortSignal;
}

/** One picture, 3 bytes per pixel (red, green, blue), row by row, letterboxed. */
export interface RawFrame {
  readonly rgb: Buffer;
  /** Media time: 0 is where the video begins. */
  readonly atMs: number;
  readonly letterbox: Letterbox;
}

export interface DecodeOutcome {
  readonly frames: number;
  /** Why the decoder did not get to the end of the video; undefined when it did, or when the reader stopped first. */
  readonly cutShort?: string;
}

/** A video being decoded. Leaving the loop early ends the decoder; reading slowly holds it up. */
export interface FrameDecoding extends AsyncIterable<RawFrame> {
  /** Settles after the loop: CLIP_UNREADABLE when not one frame came. */
  readonly outcome: Promise<Result<DecodeOutcome, PluginFailure>>;
}

/** One per core of a small machine; left to itself ffmpeg takes, on a big one, a thread and several frames of memory per core. */
const DECODER_THREADS = '2';

/**
 * Decodes a video in one pass of one ffmpeg process. To be iterated exactly once.
 * @throws the signal's reason, from the loop, when aborted.
 */
export function decodeFrames(request: FramesRequest): FrameDecoding {
  const log = createFrameLog();
  const running = startMedia({ tool: 'ffmpeg', args: decodeArgs(request), signal: request.signal, onLine: log.onLine });
  void running.ended.then(log.end);
  const outcome = Promise.withResolvers<Result<DecodeOutcome, PluginFailure>>();
  async function* read(): AsyncGenerator<RawFrame> {
    const seen = { frames: 0, lastAtMs: 0 };
    let readAll = false;
    try {
      for await (const frame of readFrames(running.stdout, log, request.canvas)) {
        seen.frames += 1;
        seen.lastAtMs = frame.atMs;
        yield frame;
      }
      readAll = true;
    } finally {
      if (!readAll) running.kill();
      outcome.resolve(outcomeOf(request, await running.ended, { ...seen, readAll, durationMs: log.durationMs() }));
    }
    request.signal.throwIfAborted();
  }
  return { [Symbol.asyncIterator]: read, outcome: outcome.promise };
}

function decodeArgs({ path, sampleFps, canvas }: FramesRequest): string[] {
  // The first frame in every slot of a grid. Unlike the fps filter this never shows a frame twice, and keeps true times.
  const slot = (time: string): string => `floor(${time}*${sampleFps}+0.001)`;
  const select = `select='isnan(prev_selected_t)+not(eq(${slot('t')}\\,${slot('prev_selected_t')}))'`;
  const filters = [select, ...letterboxFilters(canvas, FRAME_LOG_FILTER)].join(',');
  const output = ['-fps_mode', 'passthrough', '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'];
  return [...FRAME_LOG_ARGS, '-threads', DECODER_THREADS, '-i', path, '-map', '0:V:0', '-vf', filters, ...output];
}

async function* readFrames(stdout: Readable, log: FrameLog, canvas: CanvasShape): AsyncGenerator<RawFrame> {
  let frame: { rgb: Buffer; atMs: number; letterbox: Letterbox } | undefined;
  let filled = 0;
  // Without an encoding set, a stream gives buffers.
  const chunks: AsyncIterable<Buffer> = stdout;
  for await (const data of chunks) {
    let chunk = data;
    while (chunk.length > 0) {
      if (frame === undefined) {
        const note = await log.next();
        if (note === undefined) return;
        const letterbox = letterboxOf(canvas, note);
        frame = { rgb: Buffer.allocUnsafe(letterbox.width * letterbox.height * 3), atMs: note.atMs, letterbox };
      }
      const copied = chunk.copy(frame.rgb, filled);
      filled += copied;
      chunk = chunk.subarray(copied);
      if (filled < frame.rgb.length) continue;
      yield frame;
      frame = undefined;
      filled = 0;
    }
  }
}

interface Seen {
  readonly frames: number;
  readonly lastAtMs: number;
  readonly readAll: boolean;
  readonly durationMs: number | undefined;
}

function outcomeOf({ path, sampleFps }: FramesRequest, exit: MediaExit, seen: Seen): Result<DecodeOutcome, PluginFailure> {
  if (exit.startError !== undefined) return err(pluginFailure('UNEXPECTED', 'ffmpeg cannot be started', exit.startError));
  const complaint = exit.complaint.split('\n').at(-1) ?? '';
  if (!seen.readAll || exit.killed) return ok({ frames: seen.frames });
  if (seen.frames === 0) {
    return err(pluginFailure('CLIP_UNREADABLE', `ffmpeg got no frame out of ${path}: ${complaint || 'no video in it'}`));
  }
  const missingMs = (seen.durationMs ?? 0) - seen.lastAtMs;
  // The last frame may stand up to one sampling step before the end; ffmpeg tells nothing of where it really stopped.
  const falls = exit.code !== 0 || (complaint !== '' && missingMs > 1000 / sampleFps + 1000);
  if (!falls) return ok({ frames: seen.frames });
  const cutShort = `only the first ${seconds(seen.lastAtMs)} of ${seconds(seen.durationMs ?? 0)} s can be decoded: ${complaint}`;
  return ok({ frames: seen.frames, cutShort });
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);
