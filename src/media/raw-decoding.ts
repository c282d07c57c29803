import type { Readable } from 'node:stream';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { createFrameLog, FRAME_LOG_ARGS, type FrameLog, type FrameNote } from './frame-log.ts';
import { type MediaExit, startMedia } from './media-process.ts';

export interface SamplingRequest {
  readonly path: string;
  /** At most so many frames per second of media; a video with fewer gives those it has, none twice. */
  readonly sampleFps: number;
  readonly signal: AbortSignal;
}

/** What ffmpeg makes of each frame. */
export interface RawShape {
  /** Filters after sampling; one of them is `FRAME_LOG_FILTER`. */
  readonly filters: readonly string[];
  readonly pixelFormat: 'rgb24' | 'gray';
  readonly sizeBytesOf: (note: FrameNote) => number;
}

/** The bytes of one picture, row by row without gaps, and what is known of it. */
export interface RawPicture {
  readonly data: Buffer;
  readonly note: FrameNote;
}

export interface DecodeOutcome {
  readonly frames: number;
  /** Why the decoder did not get to the end of the video; undefined when it did, or when the reader stopped first. */
  readonly cutShort?: string;
}

/** A video being decoded. Leaving the loop early ends the decoder; reading slowly holds it up. */
export interface Decoding<Frame> extends AsyncIterable<Frame> {
  /** Settles after the loop: CLIP_UNREADABLE when not one frame came. */
  readonly outcome: Promise<Result<DecodeOutcome, PluginFailure>>;
}

/** One per core of a small machine; left to itself ffmpeg takes, on a big one, a thread and several frames of memory per core. */
const DECODER_THREADS = '2';

/**
 * Decodes a video in one pass of one ffmpeg process. To be iterated exactly once.
 * @throws the signal's reason, from the loop, when aborted.
 */
export function decodeRaw<Frame>(
  request: SamplingRequest,
  shape: RawShape,
  frameOf: (picture: RawPicture) => Frame,
): Decoding<Frame> {
  const log = createFrameLog();
  const running = startMedia({ tool: 'ffmpeg', args: decodeArgs(request, shape), signal: request.signal, onLine: log.onLine });
  void running.ended.then(log.end);
  const outcome = Promise.withResolvers<Result<DecodeOutcome, PluginFailure>>();
  async function* read(): AsyncGenerator<Frame> {
    const seen = { frames: 0, lastAtMs: 0 };
    let readAll = false;
    try {
      for await (const picture of readPictures(running.stdout, log, shape)) {
        seen.frames += 1;
        seen.lastAtMs = picture.note.atMs;
        yield frameOf(picture);
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

function decodeArgs({ path, sampleFps }: SamplingRequest, shape: RawShape): string[] {
  // The first frame in every slot of a grid. Unlike the fps filter this never shows a frame twice, and keeps true times.
  const slot = (time: string): string => `floor(${time}*${sampleFps}+0.001)`;
  const select = `select='isnan(prev_selected_t)+not(eq(${slot('t')}\\,${slot('prev_selected_t')}))'`;
  const filters = [select, ...shape.filters].join(',');
  const output = ['-fps_mode', 'passthrough', '-pix_fmt', shape.pixelFormat, '-f', 'rawvideo', 'pipe:1'];
  return [...FRAME_LOG_ARGS, '-threads', DECODER_THREADS, '-i', path, '-map', '0:V:0', '-vf', filters, ...output];
}

async function* readPictures(stdout: Readable, log: FrameLog, { sizeBytesOf }: RawShape): AsyncGenerator<RawPicture> {
  let picture: RawPicture | undefined;
  let filled = 0;
  // Without an encoding set, a stream gives buffers.
  const chunks: AsyncIterable<Buffer> = stdout;
  for await (const data of chunks) {
    let chunk = data;
    while (chunk.length > 0) {
      if (picture === undefined) {
        const note = await log.next();
        if (note === undefined) return;
        picture = { data: Buffer.allocUnsafe(sizeBytesOf(note)), note };
      }
      const copied = chunk.copy(picture.data, filled);
      filled += copied;
      chunk = chunk.subarray(copied);
      if (filled < picture.data.length) continue;
      yield picture;
      picture = undefined;
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

function outcomeOf({ path, sampleFps }: SamplingRequest, exit: MediaExit, seen: Seen): Result<DecodeOutcome, PluginFailure> {
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
