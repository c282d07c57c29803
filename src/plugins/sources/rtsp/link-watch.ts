/** What is known of a running ingest, to tell whether it still works. Times by our clock, in milliseconds. */
export interface LinkState {
  readonly startedAtMs: number;
  /** When bytes were last added to what is being recorded. */
  readonly grewAtMs: number;
  readonly bytes: number;
  /** When a fragment was last finished. */
  readonly fragmentAtMs: number;
  /** Fragments in a row whose times make no sense. */
  readonly oddFragments: number;
  /** Packets that were stamped no later than the one before them. */
  readonly oddStamps: number;
}

export type LinkFault = 'no_connection' | 'stalled' | 'bad_timestamps';

/** Fragments are cut at key frames; no camera that is fit for this sends them further apart. */
const LONGEST_FRAGMENT_MS = 30_000;
/** The first one tells nothing: a camera may begin with what it had in store. */
const ODD_IN_A_ROW = 3;
/** Some cameras stumble when they begin. */
const ODD_STAMPS = 30;
/** Until the first byte: the greetings, and the first key frame, which may be long in coming. */
const FIRST_BYTE_MS = 15_000;
/** Jitter of arrival, and the burst with which many cameras begin. */
const TOLERATED_MS = 2_500;

export const newLink = (atMs: number): LinkState => ({
  startedAtMs: atMs,
  grewAtMs: atMs,
  bytes: 0,
  fragmentAtMs: atMs,
  oddFragments: 0,
  oddStamps: 0,
});

export const sawBytes = (state: LinkState, bytes: number, atMs: number): LinkState =>
  bytes === state.bytes ? state : { ...state, bytes, grewAtMs: atMs };

export const sawOddStamp = (state: LinkState): LinkState => ({ ...state, oddStamps: state.oddStamps + 1 });

/** @param durationMs of the fragment, by the camera's clock. */
export function sawFragment(state: LinkState, durationMs: number, atMs: number): LinkState {
  const tookMs = atMs - state.fragmentAtMs;
  const isOdd = durationMs <= 0 || Math.abs(durationMs - tookMs) > TOLERATED_MS + tookMs / 2;
  return { ...state, fragmentAtMs: atMs, grewAtMs: atMs, oddFragments: isOdd ? state.oddFragments + 1 : 0 };
}

export interface LinkLook {
  readonly nowMs: number;
  readonly timeoutMs: number;
  /** Pictures are timed by their arrival, so that no clock of a camera can be wrong. */
  readonly isTimedByArrival: boolean;
}

/** What is wrong by now, if anything. */
export function faultOf(state: LinkState, { nowMs, timeoutMs, isTimedByArrival }: LinkLook): LinkFault | undefined {
  const silentMs = nowMs - state.grewAtMs;
  if (state.bytes === 0) return silentMs > Math.max(timeoutMs, FIRST_BYTE_MS) ? 'no_connection' : undefined;
  if (silentMs > timeoutMs) return 'stalled';
  if (isTimedByArrival) return undefined;
  if (state.oddFragments >= ODD_IN_A_ROW || state.oddStamps >= ODD_STAMPS) return 'bad_timestamps';
  // Bytes come and no fragment ends: time stands still in the stream.
  return nowMs - state.fragmentAtMs > LONGEST_FRAGMENT_MS ? 'bad_timestamps' : undefined;
}
