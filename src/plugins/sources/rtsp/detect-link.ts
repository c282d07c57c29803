import { type MediaExit, startMedia } from '../../../media/media-process.ts';
import { readPictures } from './ingest.ts';
import type { MotionEye } from './motion-eye.ts';

export interface DetectEnd {
  readonly exit: MediaExit;
  readonly fault?: 'stalled' | 'frozen' | 'replaced';
  readonly pictures: number;
}

export interface DetectLinkOptions {
  readonly args: readonly string[];
  readonly pidFile: string;
  readonly eye: MotionEye;
  readonly timeoutMs: number;
}

export interface DetectLink {
  readonly ended: Promise<DetectEnd>;
  replace(): void;
}

const LOOK_EVERY_MS = 500;
/** Until the first picture: the camera's greeting and the first key frame. */
export const FIRST_PICTURE_MS = 10_000;

/** One connection that only delivers pictures for motion, until it ends or no longer works. */
export function openDetectLink({ args, pidFile, eye, timeoutMs }: DetectLinkOptions): DetectLink {
  const running = startMedia({ tool: 'ffmpeg', args, pidFile });
  let pictures = 0;
  let fault: DetectEnd['fault'];
  eye.reset();
  readPictures(running, (picture) => {
    pictures += 1;
    eye.look(picture);
  });
  const giveUp = (why: NonNullable<DetectEnd['fault']>): void => {
    if (fault !== undefined) return;
    fault = why;
    void running.stop();
  };
  const timer = setInterval(() => {
    if (eye.blindForMs() > (pictures === 0 ? Math.max(timeoutMs, FIRST_PICTURE_MS) : timeoutMs)) giveUp('stalled');
    else if (eye.takeFrozen()) giveUp('frozen');
  }, LOOK_EVERY_MS);
  const ended = running.ended.then((exit): DetectEnd => {
    clearInterval(timer);
    return { exit, pictures, ...(fault === undefined ? {} : { fault }) };
  });
  return { ended, replace: () => giveUp('replaced') };
}
