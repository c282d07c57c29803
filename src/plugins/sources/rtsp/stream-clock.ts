/** A finished fragment as ffmpeg tells it: its place in the stream, in milliseconds since the stream began. */
export interface StreamSpan {
  readonly startMs: number;
  readonly endMs: number;
}

export interface StreamClock {
  /** What our clock showed at the stream's zero; undefined before the first fragment. */
  readonly zeroAtMs?: number;
  /** Candidates for it of late, newest last. */
  readonly recent: readonly number[];
}

/** So many fragments are remembered: long enough to see one that was not held up, short enough to follow a drifting camera. */
const REMEMBERED = 60;

export const newStreamClock: StreamClock = { recent: [] };

/**
 * Learns from a fragment that was finished just now. Packets come late and never early, so the earliest of the last arrivals
 * is nearest to the truth (as in the clock filter of NTP, RFC 5905 section 10).
 */
export function learn({ recent }: StreamClock, span: StreamSpan, nowMs: number): StreamClock & { readonly zeroAtMs: number } {
  const latest = [...recent.slice(1 - REMEMBERED), nowMs - span.endMs];
  return { zeroAtMs: Math.min(...latest), recent: latest };
}
