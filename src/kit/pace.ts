import { setTimeout as delay } from 'node:timers/promises';

/** Resolves when so many more bytes may be sent. Rejects when the signal is aborted meanwhile. */
export type Pace = (bytes: number, signal: AbortSignal) => Promise<void>;

/** What may be sent at once after a pause; small, so that a call over the same line does not stutter. */
const BURST_MS = 100;

/**
 * One limit that all who call share, in the order in which they ask: each piece is given the next free moment of an imagined
 * line of that speed (a token bucket, written as its "virtual scheduling", ITU-T I.371).
 * @param megabitsPerSecond left out: nobody ever waits.
 */
export function createPace(megabitsPerSecond: number | undefined): Pace {
  if (megabitsPerSecond === undefined) return async () => undefined;
  const bytesPerMs = (megabitsPerSecond * 1000) / 8;
  let freeAtMs = 0;
  return async (bytes, signal) => {
    const nowMs = performance.now();
    freeAtMs = Math.max(freeAtMs, nowMs - BURST_MS) + bytes / bytesPerMs;
    if (freeAtMs > nowMs) await delay(freeAtMs - nowMs, undefined, { signal });
  };
}
