import { z } from 'zod';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { runMedia } from './media-process.ts';

const number = z.coerce.number().optional().catch(undefined);
const countsSchema = z.object({ streams: z.array(z.object({ nb_frames: number, nb_read_packets: number })).default([]) });

/** Hours of video on a slow disk are read through in this time. */
const TIMEOUT_MS = 300_000;
/** What the demuxers of MP4 and Matroska say where a file ends too early, at whichever level they say it. */
const CUT_OFF = /partial file|ended prematurely/i;
/** Headers of AVI files are written by cameras that cannot count well. */
const UNCOUNTED_SHARE = 0.02;

/**
 * Reads all packets of a video, without decoding them, and holds their number against what its index promises.
 * @returns CLIP_UNREADABLE when it is cut off. A container without an index, such as MPEG-TS, is whole wherever it ends.
 */
export async function readToEnd(path: string): Promise<Result<void, PluginFailure>> {
  const count = ['-count_packets', '-select_streams', 'V:0', '-show_entries', 'stream=nb_frames,nb_read_packets'];
  const args = ['-v', 'error', ...count, '-of', 'json', path];
  const run = await runMedia({ tool: 'ffprobe', args, timeoutMs: TIMEOUT_MS });
  if (run.startError !== undefined) return err(pluginFailure('UNEXPECTED', 'ffprobe cannot be started', run.startError));
  if (run.killed) return err(pluginFailure('UNEXPECTED', `ffprobe did not read ${path} within ${TIMEOUT_MS / 1000} s`));
  const [video] = countsOf(run.output);
  if (video === undefined) return cutOff(path, 'no video in it');
  const { nb_frames: promised = 0, nb_read_packets: read = 0 } = video;
  const missing = promised - read;
  if (missing > Math.max(1, promised * UNCOUNTED_SHARE)) return cutOff(path, `${read} of its ${promised} frames are there`);
  return CUT_OFF.test(run.complaint) ? cutOff(path, 'it ends before its last frame does') : ok(undefined);
}

function countsOf(output: Buffer): z.output<typeof countsSchema>['streams'] {
  try {
    return countsSchema.parse(JSON.parse(output.toString('utf8'))).streams;
  } catch {
    return [];
  }
}

const cutOff = (path: string, why: string): Result<never, PluginFailure> =>
  err(pluginFailure('CLIP_UNREADABLE', `${path} is cut off: ${why}`));
