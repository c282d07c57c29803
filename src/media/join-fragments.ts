import { rm, writeFile } from 'node:fs/promises';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { runMedia } from './media-process.ts';

export interface JoinRequest {
  /** MPEG-TS files that follow each other in one stream, absolute paths, in order. */
  readonly fragments: readonly string[];
  /** Where the MP4 goes. Overwritten. */
  readonly output: string;
  readonly signal?: AbortSignal;
}

/** Copying is bound by the disk; whole minutes of video take well under a second. */
const JOIN_TIMEOUT_MS = 120_000;

const DISK = /no space left|file too large|quota exceeded|read-only file system|permission denied/i;

/**
 * Copies fragments of one stream, without encoding anything, into one MP4 whose index comes first. The fragments' bytes go
 * in one after the other, as they left the camera, so that what is cut here joins exactly there.
 * @returns CLIP_UNREADABLE when ffmpeg makes no video of them, UNEXPECTED when it cannot write.
 */
export async function joinFragments({ fragments, output, signal }: JoinRequest): Promise<Result<void, PluginFailure>> {
  const list = `${output}.list`;
  await writeFile(list, fragments.map(subfileOf).join(''));
  try {
    const input = ['-f', 'mpegts', '-protocol_whitelist', 'concatf,file', '-i', `concatf:${list}`];
    const copy = ['-map', '0:v:0', '-map', '0:a:0?', '-c', 'copy', '-avoid_negative_ts', 'make_zero'];
    const args = [
      '-hide_banner',
      '-nostdin',
      '-v',
      'error',
      '-y',
      ...input,
      ...copy,
      '-movflags',
      '+faststart',
      '-f',
      'mp4',
      output,
    ];
    const run = await runMedia({ tool: 'ffmpeg', args, signal, timeoutMs: JOIN_TIMEOUT_MS });
    signal?.throwIfAborted();
    if (run.startError !== undefined) return err(pluginFailure('UNEXPECTED', 'ffmpeg cannot be started', run.startError));
    if (run.killed) return err(pluginFailure('UNEXPECTED', `ffmpeg did not join ${output} in time`));
    // A disk that takes no more says nothing of the video.
    if (DISK.test(run.complaint)) return err(pluginFailure('UNEXPECTED', `no room to join ${output}: ${run.complaint}`));
    if (run.code !== 0) return err(pluginFailure('CLIP_UNREADABLE', `ffmpeg cannot join ${output}: ${run.complaint}`));
    return ok(undefined);
  } finally {
    await rm(list, { force: true });
  }
}

const subfileOf = (path: string): string => `file:${path}\n`;
