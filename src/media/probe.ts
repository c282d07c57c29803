import { z } from 'zod';
import type { Instant } from '../domain/instant.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { type MediaExit, runMedia } from './media-process.ts';

/** What a video file is, as a player would show it. */
export interface MediaFacts {
  readonly durationMs: number;
  /** As displayed: after rotation, with square pixels. */
  readonly width: number;
  readonly height: number;
  /** Average frames per second; 0 when the file does not say. */
  readonly fps: number;
  readonly videoCodec: string;
  readonly hasAudio: boolean;
  /** When the recorder says it began. Many cameras say nothing, some lie. */
  readonly createdAt?: Instant;
}

const number = z.coerce.number().optional().catch(undefined);
const tags = z.record(z.string(), z.string()).optional().catch(undefined);
const streamSchema = z.object({
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  width: number,
  height: number,
  sample_aspect_ratio: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  duration: number,
  disposition: z.object({ attached_pic: number }).optional(),
  side_data_list: z.array(z.object({ rotation: number })).optional(),
  tags,
});
const probeSchema = z.object({
  frames: z.array(z.object({ media_type: z.string().optional(), width: number, height: number })).default([]),
  streams: z.array(streamSchema).default([]),
  format: z.object({ duration: number, tags }).optional(),
});
const packetsSchema = z.object({ packets: z.array(z.object({ pts_time: number, duration_time: number })).default([]) });
type Probe = z.output<typeof probeSchema>;
type Stream = z.output<typeof streamSchema>;

const PROBE_TIMEOUT_MS = 30_000;
const ENTRIES = [
  'frame=media_type,width,height',
  'stream=codec_type,codec_name,width,height,sample_aspect_ratio,avg_frame_rate,duration',
  'stream_disposition=attached_pic',
  'stream_tags',
  'stream_side_data=rotation',
  'format=duration',
  'format_tags=creation_time',
].join(':');

/**
 * Looks into a video file and decodes its first frames.
 * @returns CLIP_UNREADABLE when no frame of video can be decoded: no video, no index, no bytes, no file.
 * @throws the signal's reason when aborted.
 */
export async function probe(path: string, signal?: AbortSignal): Promise<Result<MediaFacts, PluginFailure>> {
  // A few packets are enough for an ordinary file; one that starts in the middle of a group of pictures needs more.
  let best = unreadable(path, 'no video in it');
  for (const packets of [12, 900]) {
    const probed = await ffprobe(['-show_entries', ENTRIES, '-read_intervals', `%+#${packets}`, path], signal);
    if (!probed.ok) return probed;
    const parsed = parseJson(probeSchema, probed.value.output);
    const video = parsed?.streams.find(isVideo);
    if (parsed === undefined || video === undefined) {
      return unreadable(path, probed.value.complaint || 'no video in it');
    }
    if (parsed.frames.some((frame) => frame.media_type === 'video' && (frame.width ?? 0) > 0)) {
      return await factsOf({ path, parsed, video, signal });
    }
    best = unreadable(path, probed.value.complaint || 'no frame of its video can be decoded');
  }
  return best;
}

interface Probed {
  readonly path: string;
  readonly parsed: Probe;
  readonly video: Stream;
  readonly signal: AbortSignal | undefined;
}

async function factsOf({ path, parsed, video, signal }: Probed): Promise<Result<MediaFacts, PluginFailure>> {
  const seconds = video.duration ?? parsed.format?.duration ?? (await lastPacketSeconds(path, signal));
  if (!(seconds > 0)) return unreadable(path, 'its video has no duration');
  const { width, height } = displayedSize(video);
  const createdAt = parseCreationTime(parsed.format?.tags?.['creation_time'] ?? video.tags?.['creation_time']);
  return ok({
    durationMs: Math.round(seconds * 1000),
    width,
    height,
    fps: parseRatio(video.avg_frame_rate) ?? 0,
    videoCodec: video.codec_name ?? 'unknown',
    hasAudio: parsed.streams.some((stream) => stream.codec_type === 'audio'),
    ...(createdAt === undefined ? {} : { createdAt }),
  });
}

const isVideo = (stream: Stream): boolean => stream.codec_type === 'video' && stream.disposition?.attached_pic !== 1;

function displayedSize(video: Stream): { width: number; height: number } {
  const width = Math.round((video.width ?? 0) * (parseRatio(video.sample_aspect_ratio) ?? 1));
  const height = video.height ?? 0;
  const rotation = video.side_data_list?.find((data) => data.rotation !== undefined)?.rotation ?? 0;
  return Math.abs(rotation) % 180 === 90 ? { width: height, height: width } : { width, height };
}

/** `25/1` or `16:15` as a number; undefined for the unknown, which ffprobe writes as `0/0` or `0:1`. */
function parseRatio(text: string | undefined): number | undefined {
  const [numerator, denominator] = (text ?? '').split(/[:/]/).map(Number);
  const ratio = (numerator ?? 0) / (denominator ?? 0);
  return Number.isFinite(ratio) && ratio > 0 ? ratio : undefined;
}

function parseCreationTime(text: string | undefined): Instant | undefined {
  const at = new Date(text ?? '');
  // Recorders without a clock write the epoch of Unix or of QuickTime (1904).
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1990 ? undefined : at.toISOString();
}

/** For files whose header was never finished, such as a Matroska file cut off while being written. */
async function lastPacketSeconds(path: string, signal: AbortSignal | undefined): Promise<number> {
  const probed = await ffprobe(['-select_streams', 'v:0', '-show_entries', 'packet=pts_time,duration_time', path], signal);
  const packets = probed.ok ? (parseJson(packetsSchema, probed.value.output)?.packets ?? []) : [];
  const starts = packets.map((packet) => packet.pts_time ?? 0);
  const ends = packets.map((packet) => (packet.pts_time ?? 0) + (packet.duration_time ?? 0));
  const max = (values: number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
  return max(ends) - starts.reduce((a, b) => Math.min(a, b), max(starts));
}

async function ffprobe(
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Result<MediaExit & { readonly output: Buffer }, PluginFailure>> {
  signal?.throwIfAborted();
  const all = ['-v', 'error', '-of', 'json', ...args];
  const run = await runMedia({ tool: 'ffprobe', args: all, signal, timeoutMs: PROBE_TIMEOUT_MS });
  signal?.throwIfAborted();
  if (run.startError !== undefined) return err(pluginFailure('UNEXPECTED', 'ffprobe cannot be started', run.startError));
  if (run.killed) return err(pluginFailure('UNEXPECTED', `ffprobe did not answer within ${PROBE_TIMEOUT_MS / 1000} s`));
  return ok(run);
}

function parseJson<T>(schema: z.ZodType<T>, output: Buffer): T | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(output.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function unreadable(path: string, why: string): Result<never, PluginFailure> {
  return err(pluginFailure('CLIP_UNREADABLE', `${path} is not a readable video: ${why.split('\n').at(-1) ?? why}`));
}
