import type { MediaExit } from '../../../media/media-process.ts';
import { FIRST_PICTURE_MS } from './detect-link.ts';
import { type FragmentFiles, newIngestId } from './fragment-files.ts';
import { type Ingest, startIngest } from './ingest.ts';
import { faultOf, type LinkFault, newLink, sawBytes, sawFragment, sawOddStamp } from './link-watch.ts';
import type { MotionEye } from './motion-eye.ts';
import type { RecordingDesk } from './recording-desk.ts';
import { learn, newStreamClock, type StreamSpan } from './stream-clock.ts';

/** How one connection to the main stream ended. */
export interface LinkEnd {
  readonly exit: MediaExit;
  /** Why it was given up, when it did not end by itself. */
  readonly fault?: LinkFault | 'frozen' | 'replaced';
  /** Fragments that it gave. */
  readonly fragments: number;
}

export interface MainLinkOptions {
  readonly desk: RecordingDesk;
  readonly files: FragmentFiles;
  readonly pidFile: string;
  readonly argsFor: (dir: string) => readonly string[];
  readonly timeoutMs: number;
  readonly isTimedByArrival: boolean;
  /** Looks for motion in this very connection; left out where another delivers the pictures. */
  readonly eye?: MotionEye;
  /** Bytes arrive. */
  readonly onAlive: () => void;
}

export interface MainLink {
  readonly ended: Promise<LinkEnd>;
  /** Ends it, so that another takes its place or none. */
  replace(): void;
}

/** Until the first byte, so that the camera is known to be online at once; from then on only to see that bytes go on. */
const LOOK_AT_FIRST_MS = 250;
const LOOK_EVERY_MS = 1_000;

/** One connection to the main stream, from its start until it ends or no longer works. */
export async function openMainLink(options: MainLinkOptions): Promise<MainLink> {
  const { desk, files, eye, timeoutMs, isTimedByArrival } = options;
  const ingestId = newIngestId(Date.now());
  await files.begin(ingestId);
  eye?.reset();
  let watch = newLink(Date.now());
  let clock = newStreamClock;
  let last: { readonly seq: number; readonly span: StreamSpan } | undefined;
  let fault: LinkEnd['fault'];

  const tell = (seq: number, span: StreamSpan): void => {
    const learned = learn(clock, span, Date.now());
    clock = learned;
    last = { seq, span };
    const { zeroAtMs } = learned;
    desk.take({ type: 'fragment', fragment: { seq, startMs: zeroAtMs + span.startMs, endMs: zeroAtMs + span.endMs } });
  };
  const ingest: Ingest = startIngest({
    args: options.argsFor(files.dirOf(ingestId)),
    pidFile: options.pidFile,
    ...(eye === undefined ? {} : { onPicture: eye.look }),
    onOddStamp: () => {
      watch = sawOddStamp(watch);
    },
    onFragment: (seq, span) => {
      watch = sawFragment(watch, span.endMs - span.startMs, Date.now());
      tell(seq, span);
    },
  });
  desk.take({ type: 'ingest_started', ingestId, atMs: Date.now() });

  const nextSeq = (): number => (last === undefined ? 0 : last.seq + 1);
  const giveUp = (why: NonNullable<LinkEnd['fault']>): void => {
    if (fault !== undefined) return;
    fault = why;
    void ingest.stop();
  };
  const look = async (): Promise<void> => {
    const seq = nextSeq();
    const size = await files.sizeOf(ingestId, seq);
    if (size !== undefined && size > 0) {
      // Sizes of different fragments differ as well, so the sum over all needs no book of its own.
      watch = sawBytes(watch, seq * 2 ** 32 + size, Date.now());
      options.onAlive();
    }
    const found = faultOf(watch, { nowMs: Date.now(), timeoutMs, isTimedByArrival });
    if (found !== undefined) giveUp(found);
    else if (eye !== undefined && watch.bytes > 0) lookAtPictures(eye);
  };
  const lookAtPictures = (pictures: MotionEye): void => {
    if (pictures.blindForMs() > Math.max(timeoutMs, FIRST_PICTURE_MS)) giveUp('stalled');
    else if (pictures.takeFrozen()) giveUp('frozen');
  };
  const stopLooking = repeat(look, () => (watch.bytes === 0 ? LOOK_AT_FIRST_MS : LOOK_EVERY_MS));

  const ended = ingest.ended.then(async (exit): Promise<LinkEnd> => {
    stopLooking();
    await tellUnfinished();
    desk.take({ type: 'ingest_ended', atMs: Date.now() });
    return { exit, fragments: nextSeq(), ...(fault === undefined ? {} : { fault }) };
  });

  /** What was being written when the connection ended is as good as the rest; only nobody told its end. */
  async function tellUnfinished(): Promise<void> {
    const seq = nextSeq();
    if (((await files.sizeOf(ingestId, seq)) ?? 0) === 0) return;
    const zeroAtMs = clock.zeroAtMs ?? watch.startedAtMs;
    const startMs = zeroAtMs + (last?.span.endMs ?? 0);
    desk.take({ type: 'fragment', fragment: { seq, startMs, endMs: Math.max(watch.grewAtMs, startMs) } });
  }
  return { ended, replace: () => giveUp('replaced') };
}

/** @returns what ends it. */
function repeat(work: () => Promise<void>, everyMs: () => number): () => void {
  const next = (): NodeJS.Timeout =>
    setTimeout(() => {
      void work();
      timer = next();
    }, everyMs());
  let timer = next();
  return () => clearTimeout(timer);
}
