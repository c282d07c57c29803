import { z } from 'zod';
import { err, ok, type Result } from '../domain/result.ts';
import { redactCredentials } from '../kit/redact.ts';
import { runMedia } from './media-process.ts';

/** What a live stream says that it sends. */
export interface StreamFacts {
  readonly videoCodec: string;
  readonly width: number;
  readonly height: number;
  /** Frames per second as announced; 0 when unknown. */
  readonly fps: number;
  /** Absent without audio. */
  readonly audioCodec?: string;
}

export interface StreamFailure {
  /**
   * `refused`: nobody listens, or the host is away. `unauthorized`: wrong user or password. `sessions`: the camera has no
   * session left. `not_found`: no such stream. `timeout`: it took the connection and said nothing. `no_video`, `other`.
   */
  readonly code: 'refused' | 'unauthorized' | 'sessions' | 'not_found' | 'timeout' | 'no_video' | 'other';
  /** ffprobe's own last words, without credentials. */
  readonly message: string;
}

export interface StreamRequest {
  readonly url: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The options before `-i` under which RTSP streams are opened: over TCP, and never waiting for ever. */
export const rtspInput = (url: string, timeoutMs: number): readonly string[] => [
  ...['-rtsp_transport', 'tcp', '-timeout', String(timeoutMs * 1000)],
  // The SDP tells what is sent; looking longer only delays the first frame.
  ...['-analyzeduration', '500000', '-fpsprobesize', '0', '-i', url],
];

const streamSchema = z.object({
  codec_type: z.string(),
  codec_name: z.string().default('unknown'),
  width: z.number().default(0),
  height: z.number().default(0),
  avg_frame_rate: z.string().default(''),
});
const probeSchema = z.object({ streams: z.array(streamSchema).default([]) });

/** Opens a live RTSP stream for a moment. @throws the signal's reason when aborted. */
export async function probeStream({ url, timeoutMs, signal }: StreamRequest): Promise<Result<StreamFacts, StreamFailure>> {
  const entries = 'stream=codec_type,codec_name,width,height,avg_frame_rate';
  const args = ['-v', 'error', '-of', 'json', '-show_entries', entries, ...rtspInput(url, timeoutMs)];
  // A server that goes silent takes twice the socket's timeout: the read, and then the farewell.
  const run = await runMedia({ tool: 'ffprobe', args, signal, timeoutMs: 2 * timeoutMs + 1_000 });
  signal?.throwIfAborted();
  if (run.startError !== undefined)
    return err({ code: 'other', message: `ffprobe cannot be started: ${run.startError.message}` });
  if (run.killed) return err({ code: 'timeout', message: 'it takes the connection and says nothing' });
  if (run.code !== 0) return err(streamFailure(run.complaint));
  const { streams } = probeSchema.parse(JSON.parse(run.output.toString('utf8')));
  const video = streams.find((stream) => stream.codec_type === 'video' && stream.width > 0);
  if (video === undefined) return err({ code: 'no_video', message: 'the stream has no video that ffprobe understands' });
  const audio = streams.find((stream) => stream.codec_type === 'audio');
  const [frames = 0, per = 1] = video.avg_frame_rate.split('/').map(Number);
  return ok({
    videoCodec: video.codec_name,
    width: video.width,
    height: video.height,
    fps: per > 0 ? frames / per : 0,
    ...(audio === undefined ? {} : { audioCodec: audio.codec_name }),
  });
}

/** Words by which cameras say that they serve nobody else, beside RTSP's own status 453. */
const SESSIONS =
  /failed: 453\b|not enough bandwidth|session limit|(too many|max(imum)?( number of)?) (clients|connections|sessions|users)/i;

/** Addresses, in which any number may stand. */
const ADDRESSES = /\b[a-z]+:\/\/\S+|@ 0x[0-9a-f]+/gi;

/** What a complaint of ffmpeg or ffprobe about an RTSP input comes down to. */
export function streamFailure(complaint: string): StreamFailure {
  const message = redactCredentials(complaint.split('\n').at(-1) ?? '') || 'it ended without a word';
  return { code: codeOf(complaint), message };
}

function codeOf(complaint: string): StreamFailure['code'] {
  const words = complaint.replaceAll(ADDRESSES, '');
  if (SESSIONS.test(words)) return 'sessions';
  if (/failed: 40[13]\b|unauthori[sz]ed|forbidden/i.test(words)) return 'unauthorized';
  if (/failed: 404\b|not found/i.test(words)) return 'not_found';
  if (/refused|no route|unreachable|resolve|reset|broken pipe|input\/output error/i.test(words)) return 'refused';
  if (/timed out/i.test(words)) return 'timeout';
  return 'other';
}
