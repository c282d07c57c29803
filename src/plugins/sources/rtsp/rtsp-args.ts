import { rtspInput } from '../../../media/probe-stream.ts';
import { MOTION_FRAME } from '../../../motion/frame-size.ts';
import type { RtspConfig } from './config.ts';

/** How the main stream is taken. */
export interface IngestProfile {
  readonly audio: 'copy' | 'aac' | 'none';
  /** Pictures are timed by their arrival: the camera's own clock is of no use. */
  readonly isTimedByArrival: boolean;
  /** Motion is looked for in the same connection. */
  readonly withFrames: boolean;
}

const COMMON = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'];

/**
 * Copies the main stream into fragments below `dir`, cut at key frames a second or more apart and told one by one on `pipe:3`;
 * with frames also gray pictures on stdout.
 */
export function ingestArgs(
  url: string,
  dir: string,
  { profile, config }: { profile: IngestProfile; config: RtspConfig },
): string[] {
  const timing = profile.isTimedByArrival ? ['-use_wallclock_as_timestamps', '1'] : [];
  const decoding = profile.withFrames ? DECODING : [];
  const audio = profile.audio === 'none' ? ['-an'] : ['-map', '0:a:0?', '-c:a', profile.audio];
  const fragments = ['-f', 'segment', '-segment_time', '1', ...MPEGTS];
  const told = ['-segment_list', 'pipe:3', '-segment_list_type', 'csv'];
  const frames = profile.withFrames ? frameArgs(config) : [];
  const input = [...COMMON, ...timing, ...decoding, ...rtspInput(url, ioTimeoutMs(config))];
  return [...input, '-map', '0:v:0', '-c:v', 'copy', ...audio, ...fragments, ...told, `${dir}/%08d.ts`, ...frames];
}

/** What is written survives a kill of the writer. */
const MPEGTS = ['-segment_format', 'mpegts', '-segment_format_options', 'flush_packets=1'];

/** Gray pictures of a stream on stdout, as they arrive. */
export const framesArgs = (url: string, config: RtspConfig, hwaccel: string): string[] => [
  ...COMMON,
  // No clock of a camera can hold these up.
  ...['-use_wallclock_as_timestamps', '1'],
  ...(hwaccel === 'none' ? [] : ['-hwaccel', hwaccel]),
  ...DECODING,
  ...rtspInput(url, ioTimeoutMs(config)),
  ...frameArgs(config),
];

export const ioTimeoutMs = (config: RtspConfig): number => config.stream.io_timeout_s * 1000;

/** One thread is plenty for a small stream, and what the loop filter would smooth nobody sees at this size. */
const DECODING = ['-threads', '1', '-skip_loop_filter', 'all'];

function frameArgs({ stream }: RtspConfig): string[] {
  const { width, height } = MOTION_FRAME;
  const filters = `fps=${stream.detect_fps},scale=${width}:${height}:flags=area,format=gray`;
  return ['-map', '0:v:0', '-an', '-vf', filters, '-f', 'rawvideo', 'pipe:1'];
}
