import type { Clip } from '../domain/clip.ts';
import type { ClipId } from '../domain/ids.ts';
import type { Instant } from '../domain/instant.ts';
import type { Result } from '../domain/result.ts';
import type { Backoff } from '../kit/backoff.ts';
import { systemClock } from '../kit/clock.ts';
import type { Clock, Logger } from '../plugins/spec/plugin.ts';
import { createHandoverQueue, type HandoverQueue } from './handover-queue.ts';
import type { HandoverSpool } from './spool.ts';
import type { OpenWatch } from './watch-open.ts';

export interface StartFailure {
  /**
   * `refused`: this clip will never be accepted as it is; it is set aside. `closed`: its workflow ran and has ended without
   * releasing the clip, so somebody ended it from outside; it is set aside too, see below. `unavailable`: anything else; the
   * clip is tried again for ever.
   */
  readonly kind: 'refused' | 'closed' | 'unavailable';
  readonly message: string;
  readonly cause?: unknown;
}

export interface HandoverOptions {
  readonly spool: HandoverSpool;
  /** Starts the clip's workflow, or finds it running. Idempotent by clip id. */
  readonly startClip: (clip: Clip) => Promise<Result<unknown, StartFailure>>;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly maxInFlight?: number;
  readonly backoff?: Backoff;
}

export interface HandoverStatus {
  /** `unavailable`: starts fail for the system's sake; one at a time is tried. */
  readonly state: 'stopped' | 'idle' | 'draining' | 'unavailable';
  /** Open clips that were not handed over since this process began. */
  readonly pendingCount: number;
  readonly inFlightCount: number;
  readonly handedOverCount: number;
  readonly setAsideCount: number;
  readonly lastFailure?: { readonly clipId: ClipId; readonly message: string; readonly at: Instant };
}

export interface Handover {
  /** Returns at once; draining goes on beside. */
  start(): void;
  /** No new start begins; resolves when those in flight have ended. */
  stop(): Promise<void>;
  status(): HandoverStatus;
}

const DEFAULT_BACKOFF: Backoff = { initialMs: 250, maxMs: 15_000 };

/**
 * Hands open clips over, oldest first, for as long as the process lives. Each is handed over once in a process's life, and all
 * open ones again at the next start, so a workflow service that lost a start, or everything, loses no clip.
 *
 * A `closed` workflow with an open marker was terminated, cancelled or timed out from outside: the workflow itself releases
 * the clip before it ends, whatever the outcome. Starting it again would undo what a person did, and again each time that the
 * service forgets the old run; calling it finished would lose it. So it is set aside, shown with the reason, and stays
 * pending until a person readmits it, retries it, or resets the workflow, whose last step releases it as ever.
 */
export function createHandover(options: HandoverOptions): Handover {
  const { spool, clock = systemClock, random = Math.random, maxInFlight = 8, backoff = DEFAULT_BACKOFF } = options;
  const queue = createHandoverQueue({ maxInFlight, backoff, random });
  const inFlight = new Set<Promise<void>>();
  let counts = { handedOver: 0, setAside: 0 };
  let lastFailure: HandoverStatus['lastFailure'];
  let watch: OpenWatch | undefined;
  let timer: NodeJS.Timeout | undefined;

  const handOver = async (clipId: ClipId): Promise<void> => {
    const outcome = await attempt(options, clipId);
    if (outcome.kind === 'failed') {
      lastFailure = { clipId, message: outcome.message, at: clock.now() };
      reportFailure(options.logger, queue, lastFailure);
      queue.failed(clipId, performance.now());
      return;
    }
    if (outcome.kind === 'started' && queue.isOutage()) options.logger.info({}, 'handing clips over again');
    queue.done(clipId, outcome.kind);
    if (outcome.kind === 'started') counts = { ...counts, handedOver: counts.handedOver + 1 };
    if (outcome.kind === 'set_aside') counts = { ...counts, setAside: counts.setAside + 1 };
  };

  const pump = (): void => {
    clearTimeout(timer);
    if (watch === undefined) return;
    for (let next = queue.take(performance.now()); next !== undefined; next = queue.take(performance.now())) {
      const work = handOver(next).finally(() => {
        inFlight.delete(work);
        pump();
      });
      inFlight.add(work);
    }
    const waitMs = queue.msUntilNext(performance.now());
    if (waitMs !== undefined) timer = setTimeout(pump, waitMs);
  };

  return {
    start() {
      watch ??= spool.watchOpen({
        onOpened(clipId) {
          queue.add(clipId);
          pump();
        },
        onListed(clipIds) {
          queue.retain(new Set(clipIds));
          for (const clipId of clipIds) queue.add(clipId);
          pump();
        },
      });
    },
    async stop() {
      watch?.close();
      watch = undefined;
      clearTimeout(timer);
      await Promise.all(inFlight);
    },
    status: () => ({
      state: stateOf(watch !== undefined, queue),
      pendingCount: queue.pendingCount(),
      inFlightCount: inFlight.size,
      handedOverCount: counts.handedOver,
      setAsideCount: counts.setAside,
      ...(lastFailure === undefined ? {} : { lastFailure }),
    }),
  };
}

type Outcome =
  | { readonly kind: 'started' | 'set_aside' | 'gone' }
  | { readonly kind: 'failed'; readonly message: string; readonly cause: unknown };

/** Never rejects: whatever goes wrong, the clip stays open and is tried again. */
async function attempt({ spool, startClip, logger }: HandoverOptions, clipId: ClipId): Promise<Outcome> {
  try {
    // Looked up only now: since it was queued it may have been released, or have been finished long ago.
    const clip = (await spool.isFinished(clipId)) ? undefined : await spool.readOpen(clipId);
    if (clip === undefined) return { kind: 'gone' };
    const started = await startClip(clip);
    if (started.ok) return { kind: 'started' };
    const { kind, message, cause } = started.error;
    if (kind === 'unavailable') return { kind: 'failed', message, cause };
    if (!(await spool.refuse(clipId, { code: kind, message }))) return { kind: 'gone' };
    const fields = { clip_id: clipId, camera_name: clip.cameraName, reason: kind, err: cause };
    logger.error(fields, `a clip was set aside and waits for a person: ${message}`);
    return { kind: 'set_aside' };
  } catch (cause) {
    return { kind: 'failed', message: cause instanceof Error ? cause.message : String(cause), cause };
  }
}

/** The first failure of an outage is news; the next hundred are not. */
function reportFailure(
  logger: Logger,
  queue: HandoverQueue,
  { clipId, message }: NonNullable<HandoverStatus['lastFailure']>,
): void {
  const fields = { clip_id: clipId, pending: queue.pendingCount() };
  if (queue.failuresInARow() === 0) logger.warn(fields, `a clip cannot be handed over yet: ${message}`);
  else logger.debug(fields, `a clip cannot be handed over yet: ${message}`);
}

function stateOf(isRunning: boolean, queue: HandoverQueue): HandoverStatus['state'] {
  if (!isRunning) return 'stopped';
  if (queue.failuresInARow() > 0) return 'unavailable';
  return queue.pendingCount() === 0 ? 'idle' : 'draining';
}
