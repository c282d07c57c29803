import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { endsInsideAChunk } from './last-chunk.ts';
import { runMedia } from './media-process.ts';

/** Hours of video on a slow disk are read through in this time. */
const TIMEOUT_MS = 300_000;
/** What the demuxers of MP4 and Matroska say where a file ends too early; they call it no failure. */
const CUT_OFF = /partial file|ended prematurely/i;

/**
 * Reads all packets of a video, without decoding them, and its container to its end. The number of frames that an index promises is
 * no use: AVI counts frames that it leaves out, and MP4 those that it cuts away.
 * @returns CLIP_UNREADABLE when it is cut off. A container that promises nothing, such as MPEG-TS, is whole wherever it ends.
 */
export async function readToEnd(path: string): Promise<Result<void, PluginFailure>> {
  const args = ['-v', 'error', '-select_streams', 'V', '-count_packets', '-show_entries', 'stream=nb_read_packets', path];
  const run = await runMedia({ tool: 'ffprobe', args, timeoutMs: TIMEOUT_MS });
  if (run.startError !== undefined) return err(pluginFailure('UNEXPECTED', 'ffprobe cannot be started', run.startError));
  if (run.killed) return err(pluginFailure('UNEXPECTED', `ffprobe did not read ${path} within ${TIMEOUT_MS / 1000} s`));
  const complaint = run.complaint.split('\n').at(-1) ?? '';
  if (run.code !== 0) return err(pluginFailure('CLIP_UNREADABLE', `${path} cannot be read to its end: ${complaint}`));
  if (!CUT_OFF.test(run.complaint) && !(await endsInsideAChunk(path))) return ok(undefined);
  return err(pluginFailure('CLIP_UNREADABLE', `${path} is cut off: it ends before its video does`));
}
