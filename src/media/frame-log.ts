/** What ffmpeg's `showinfo` filter says of one frame on its way out. */
export interface FrameNote {
  readonly atMs: number;
  readonly width: number;
  readonly height: number;
}

/** Reads along in ffmpeg's log: raw output has no timestamps, the log has them, in the same order as the frames. */
export interface FrameLog {
  /** Takes one line; true when it was no complaint. */
  readonly onLine: (line: string) => boolean;
  /** The note of the next frame, in order; undefined when the log ends without it. */
  readonly next: () => Promise<FrameNote | undefined>;
  readonly end: () => void;
  /** Length of the container as its header says; undefined when it does not. */
  readonly durationMs: () => number | undefined;
}

/** The arguments under which ffmpeg writes a log that `createFrameLog` can read. */
export const FRAME_LOG_ARGS = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info'] as const;
/** Goes into the filter chain after scaling and before padding. */
export const FRAME_LOG_FILTER = 'showinfo=checksum=0';

const NOTE = /\[info\] n: *\d+ .*pts_time:(-?[\d.]+) .* s:(\d+)x(\d+) /;
const DURATION = /^\[info\] +Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/;
const COMPLAINT = /\[(?:error|fatal|panic)\] /;

export function createFrameLog(): FrameLog {
  const notes: FrameNote[] = [];
  const waiting: ((note: FrameNote | undefined) => void)[] = [];
  let ended = false;
  let durationMs: number | undefined;
  const onLine = (line: string): boolean => {
    const note = parseNote(line);
    if (note !== undefined) {
      const waiter = waiting.shift();
      if (waiter === undefined) notes.push(note);
      else waiter(note);
      return true;
    }
    durationMs ??= parseDuration(line);
    return !COMPLAINT.test(line);
  };
  const next = (): Promise<FrameNote | undefined> => {
    const note = notes.shift();
    if (note !== undefined || ended) return Promise.resolve(note);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const end = (): void => {
    ended = true;
    for (const waiter of waiting.splice(0)) waiter(undefined);
  };
  return { onLine, next, end, durationMs: () => durationMs };
}

function parseNote(line: string): FrameNote | undefined {
  const match = NOTE.exec(line);
  if (match === null) return undefined;
  return { atMs: Math.max(0, Math.round(Number(match[1]) * 1000)), width: Number(match[2]), height: Number(match[3]) };
}

function parseDuration(line: string): number | undefined {
  const match = DURATION.exec(line);
  if (match === null) return undefined;
  return Math.round((Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3])) * 1000);
}
