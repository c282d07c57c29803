import { type MediaExit, type MediaProcess, startMedia } from '../../../media/media-process.ts';
import { MOTION_FRAME } from '../../../motion/frame-size.ts';
import type { StreamSpan } from './stream-clock.ts';

/** Copying the main stream into fragments, while the connection lasts. */
export interface Ingest {
  readonly ended: Promise<MediaExit>;
  stop(): Promise<MediaExit>;
}

export interface IngestOptions {
  readonly args: readonly string[];
  readonly pidFile: string;
  readonly onFragment: (seq: number, span: StreamSpan) => void;
  /** A packet was stamped no later than the one before it. */
  readonly onOddStamp: () => void;
  /** Looks at the gray pictures; left out where another process delivers them. */
  readonly onPicture?: (picture: Uint8Array) => void;
}

/** ffmpeg's words for it, in the muxer of 5.1 and of 6 and later. */
const ODD_STAMP = /non[- ]monoton/i;

export function startIngest({ args, pidFile, onFragment, onOddStamp, onPicture }: IngestOptions): Ingest {
  const onLine = (line: string): boolean => {
    const isOdd = ODD_STAMP.test(line);
    if (isOdd) onOddStamp();
    return isOdd;
  };
  const running = startMedia({ tool: 'ffmpeg', args, pidFile, onLine, onSideLine: (line) => tellFragment(line, onFragment) });
  if (onPicture === undefined) running.stdout.resume();
  else readPictures(running, onPicture);
  return { ended: running.ended, stop: () => running.stop() };
}

/** `00000012.ts,24.000000,26.000000` */
function tellFragment(line: string, onFragment: IngestOptions['onFragment']): void {
  const [, seq, start, end] = /^(\d+)\.ts,(-?[\d.]+),(-?[\d.]+)$/.exec(line) ?? [];
  if (seq === undefined || start === undefined || end === undefined) return;
  onFragment(Number(seq), { startMs: Number(start) * 1000, endMs: Number(end) * 1000 });
}

const PICTURE_BYTES = MOTION_FRAME.width * MOTION_FRAME.height;

/** Cuts stdout into pictures. Each is the looker's only until it returns. */
export function readPictures({ stdout }: Pick<MediaProcess, 'stdout'>, onPicture: (picture: Uint8Array) => void): void {
  const picture = Buffer.allocUnsafe(PICTURE_BYTES);
  let filled = 0;
  stdout.on('data', (chunk: Buffer) => {
    let rest = chunk;
    while (rest.length > 0) {
      const copied = rest.copy(picture, filled);
      filled += copied;
      rest = rest.subarray(copied);
      if (filled < PICTURE_BYTES) return;
      filled = 0;
      onPicture(picture);
    }
  });
}
