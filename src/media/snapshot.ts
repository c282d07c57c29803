import { ChildProcess } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import ffmpeg from 'fluent-ffmpeg';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { type JpegLook, jpegFilters, jpegQuantizer } from './jpeg.ts';
import { adoptMedia } from './media-process.ts';

export interface SnapshotRequest extends JpegLook {
  readonly path: string;
  readonly atMs: number;
  readonly signal: AbortSignal;
}

const SNAPSHOT_TIMEOUT_MS = 60_000;

/**
 * One frame as a JPEG, by seeking: the first that is not before `atMs`.
 * @returns undefined when the video ends before it; CLIP_UNREADABLE when ffmpeg cannot read the file.
 * @throws the signal's reason when aborted.
 */
export async function snapshot(request: SnapshotRequest): Promise<Result<Buffer | undefined, PluginFailure>> {
  const { path, atMs, maxSize, quality, signal } = request;
  signal.throwIfAborted();
  const command = ffmpeg(path)
    .seekInput(atMs / 1000)
    .noAudio()
    .videoFilters(jpegFilters(maxSize))
    .videoCodec('mjpeg')
    .outputOptions(['-frames:v 1', `-q:v ${jpegQuantizer(quality)}`])
    .format('image2pipe');
  const jpeg = await collect(command, signal);
  signal.throwIfAborted();
  if (jpeg instanceof Error) return err(pluginFailure('CLIP_UNREADABLE', `ffmpeg got no frame out of ${path}`, jpeg));
  return ok(jpeg.length > 0 ? jpeg : undefined);
}

/** Runs the command; fluent-ffmpeg has neither time limit nor signal of its own, and crashes us without an error listener. */
async function collect(command: ffmpeg.FfmpegCommand, signal: AbortSignal): Promise<Buffer | Error> {
  const kill = (): void => void command.kill('SIGKILL');
  const timer = setTimeout(kill, SNAPSHOT_TIMEOUT_MS);
  // Without the event `close`, 20 ms after which the library takes a process for failed that it has not seen end.
  const output = new PassThrough({ emitClose: false });
  const jpeg = buffer(output);
  let ended: Promise<void> | undefined;
  const collected = new Promise<Buffer | Error>((resolve) => {
    command.on('start', () => {
      // The library keeps the child in an undocumented property; its types do not have it.
      const child: unknown = Reflect.get(command, 'ffmpegProc');
      if (child instanceof ChildProcess) ended = adoptMedia(child);
      // Aborted while the library was asking ffmpeg what it can do: there was no child to kill.
      if (signal.aborted) kill();
    });
    command.on('error', (error) => resolve(error));
    command.on('end', () => resolve(jpeg));
    signal.addEventListener('abort', kill, { once: true });
    command.pipe(output);
  });
  const outcome = await collected;
  // The library tells of the end before the process is quite gone.
  await ended;
  clearTimeout(timer);
  signal.removeEventListener('abort', kill);
  return outcome;
}
