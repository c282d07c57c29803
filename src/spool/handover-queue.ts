import type { ClipId } from '../domain/ids.ts';
import { type Backoff, backoffMs } from '../kit/backoff.ts';

/**
 * Which clip is started next, and when. Pure bookkeeping over a monotonic time in milliseconds that the caller gives.
 *
 * One clip that fails waits by itself and holds up no other. Two different clips failing with no success between them is an
 * outage: then one start at a time is tried, the clip with the fewest failures and of those the oldest, until one succeeds.
 */
export interface HandoverQueue {
  /** A clip that is known already is not added twice. */
  add(clipId: ClipId): void;
  /** Forgets handed-over clips that are no longer among the open ones, so that memory stays small. */
  retain(open: ReadonlySet<ClipId>): void;
  /** The next clip that may start now; it counts as in flight until `done` or `failed`. */
  take(nowMs: number): ClipId | undefined;
  /** `gone`: it was no longer open, and says nothing about the system. */
  done(clipId: ClipId, how: 'started' | 'set_aside' | 'gone'): void;
  failed(clipId: ClipId, nowMs: number): void;
  /** How long until `take` can give one; undefined when only a new clip or the end of one in flight changes that. */
  msUntilNext(nowMs: number): number | undefined;
  isOutage(): boolean;
  failuresInARow(): number;
  pendingCount(): number;
}

interface QueueOptions {
  readonly maxInFlight: number;
  readonly backoff: Backoff;
  readonly random: () => number;
}

/** A clip whose last start failed. */
interface Failed {
  readonly failures: number;
  readonly dueMs: number;
}

export function createHandoverQueue({ maxInFlight, backoff, random }: QueueOptions): HandoverQueue {
  const fresh = createSortedIds();
  const failed = new Map<ClipId, Failed>();
  const inFlight = new Map<ClipId, number>();
  const started = new Set<ClipId>();
  const failedSinceSuccess = new Set<ClipId>();
  let failuresInARow = 0;
  let resumeMs = 0;

  const isOutage = (): boolean => failedSinceSuccess.size >= 2;
  const isFull = (): boolean => inFlight.size >= (isOutage() ? 1 : maxInFlight);
  const choose = (nowMs: number): ClipId | undefined => {
    if (isFull()) return undefined;
    const oldestFresh = fresh.first();
    if (isOutage()) return nowMs < resumeMs ? undefined : (oldestFresh ?? leastFailed(failed));
    const due = [...failed].filter(([, { dueMs }]) => dueMs <= nowMs).map(([clipId]) => clipId);
    return [...due, ...(oldestFresh === undefined ? [] : [oldestFresh])].toSorted()[0];
  };

  return {
    add(clipId) {
      if (!failed.has(clipId) && !inFlight.has(clipId) && !started.has(clipId)) fresh.add(clipId);
    },
    retain(open) {
      for (const clipId of started) if (!open.has(clipId)) started.delete(clipId);
    },
    take(nowMs) {
      const next = choose(nowMs);
      if (next === undefined) return undefined;
      inFlight.set(next, failed.get(next)?.failures ?? 0);
      if (!failed.delete(next)) fresh.shift();
      return next;
    },
    done(clipId, how) {
      inFlight.delete(clipId);
      if (how === 'gone') return;
      if (how === 'started') started.add(clipId);
      // Those that only suffered from the outage need not wait any longer.
      if (isOutage()) for (const other of failedSinceSuccess) if (failed.has(other)) failed.set(other, { failures: 0, dueMs: 0 });
      failedSinceSuccess.clear();
      failuresInARow = 0;
    },
    failed(clipId, nowMs) {
      const failures = (inFlight.get(clipId) ?? 0) + 1;
      inFlight.delete(clipId);
      failedSinceSuccess.add(clipId);
      failuresInARow += 1;
      failed.set(clipId, { failures, dueMs: nowMs + backoffMs(backoff, failures, random) });
      resumeMs = nowMs + backoffMs(backoff, failuresInARow, random);
    },
    msUntilNext(nowMs) {
      if (isFull() || (fresh.first() === undefined && failed.size === 0)) return undefined;
      if (isOutage()) return Math.max(0, resumeMs - nowMs);
      if (fresh.first() !== undefined) return 0;
      return Math.max(0, [...failed.values()].reduce((min, { dueMs }) => Math.min(min, dueMs), Number.POSITIVE_INFINITY) - nowMs);
    },
    isOutage,
    failuresInARow: () => failuresInARow,
    pendingCount: () => fresh.size() + failed.size + inFlight.size,
  };
}

/** The oldest of those with the fewest failures. */
function leastFailed(failed: ReadonlyMap<ClipId, Failed>): ClipId | undefined {
  const [best] = [...failed].toSorted(([idA, a], [idB, b]) => a.failures - b.failures || (idA < idB ? -1 : 1));
  return best?.[0];
}

/** Ids in order, without repeats. A new clip is nearly always the newest, so it goes to the end without a search. */
function createSortedIds() {
  let ids: ClipId[] = [];
  const present = new Set<ClipId>();
  // Taking from the front of a long array moves all the rest; stepping over it does not.
  let head = 0;
  return {
    first: (): ClipId | undefined => ids[head],
    size: (): number => ids.length - head,
    add(clipId: ClipId): void {
      if (present.has(clipId)) return;
      present.add(clipId);
      let at = ids.length;
      while (at > head && (ids[at - 1] ?? '') > clipId) at -= 1;
      ids.splice(at, 0, clipId);
    },
    shift(): void {
      const first = ids[head];
      if (first === undefined) return;
      present.delete(first);
      head += 1;
      if (head < 1_000) return;
      ids = ids.slice(head);
      head = 0;
    },
  };
}
