import { assertNever } from '../../../domain/assert-never.ts';

/** One piece of the copied stream on disk, complete. Times are milliseconds since 1970 by our clock. */
export interface Fragment {
  readonly seq: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** What becomes one clip: the fragments of one ingest from `firstSeq` on. */
export interface Part {
  /** Shared by all parts of one happening. */
  readonly eventId: string;
  readonly ingestId: string;
  readonly firstSeq: number;
  readonly startMs: number;
}

export interface RecorderSettings {
  readonly preRollMs: number;
  readonly stopDelayMs: number;
  readonly maxRecordingMs: number;
  /** An event whose connection was lost goes on under its id when the camera is back within this time. */
  readonly resumeWithinMs: number;
}

/** An event that was cut off, and when. */
export interface CutOff {
  readonly eventId: string;
  readonly atMs: number;
}

export interface RecorderState {
  readonly ingestId?: string;
  /** Complete fragments that no clip has and one may still want, oldest first. */
  readonly ring: readonly Fragment[];
  readonly nextSeq: number;
  readonly part?: Part;
  readonly lastMotionMs: number;
  readonly cutOff?: CutOff;
}

export type RecorderInput =
  | { readonly type: 'ingest_started'; readonly ingestId: string; readonly atMs: number }
  | { readonly type: 'motion'; readonly atMs: number; readonly newEventId: string }
  | { readonly type: 'fragment'; readonly fragment: Fragment }
  /** Its last, perhaps unfinished, fragment has been told before. */
  | { readonly type: 'ingest_ended'; readonly atMs: number };

export type RecorderEffect =
  /** Told again when it turns out to begin a little elsewhere. */
  | { readonly type: 'part_opened'; readonly part: Part }
  | { readonly type: 'part_closed'; readonly part: Part; readonly lastSeq: number }
  | { readonly type: 'fragments_dropped'; readonly ingestId: string; readonly fragments: readonly Fragment[] };

export type RecorderStep = readonly [RecorderState, readonly RecorderEffect[]];

/** Motion is seen a moment after it was recorded: the ring keeps this much more than the pre-roll. */
const SEEN_LATE_MS = 2_000;

export const idleRecorder = (cutOff?: CutOff): RecorderState => ({
  ring: [],
  nextSeq: 0,
  lastMotionMs: 0,
  ...(cutOff === undefined ? {} : { cutOff }),
});

/**
 * Decides which fragments become clips: from the pre-roll before the first motion until the stop delay after the last, cut
 * only between fragments, so that no moment is in two clips or in none.
 */
export function stepRecorder(settings: RecorderSettings, state: RecorderState, input: RecorderInput): RecorderStep {
  switch (input.type) {
    case 'ingest_started':
      return startIngest(settings, state, input);
    case 'motion':
      return state.part === undefined
        ? openPart(settings, state, input)
        : [{ ...state, lastMotionMs: Math.max(state.lastMotionMs, input.atMs) }, []];
    case 'fragment':
      return state.part === undefined
        ? keep(settings, state, input.fragment)
        : record(settings, state, input.fragment, state.part);
    case 'ingest_ended':
      return endIngest(state, input.atMs);
    default:
      return assertNever(input);
  }
}

function startIngest(
  { resumeWithinMs }: RecorderSettings,
  { cutOff, lastMotionMs }: RecorderState,
  { ingestId, atMs }: Extract<RecorderInput, { type: 'ingest_started' }>,
): RecorderStep {
  const fresh = { ingestId, ring: [], nextSeq: 0, lastMotionMs };
  if (cutOff === undefined || atMs - cutOff.atMs > resumeWithinMs) return [fresh, []];
  // Whatever happens is likely to go on; when it does not, the stop delay ends it.
  const part = { eventId: cutOff.eventId, ingestId, firstSeq: 0, startMs: atMs };
  // Cut off it stays until a picture has come.
  return [{ ...fresh, part, lastMotionMs: atMs, cutOff }, [{ type: 'part_opened', part }]];
}

function openPart(
  { preRollMs }: RecorderSettings,
  state: RecorderState,
  { atMs, newEventId }: Extract<RecorderInput, { type: 'motion' }>,
): RecorderStep {
  // Without a connection there is nothing to record; whoever sees motion then sees it on the other stream.
  if (state.ingestId === undefined) return [state, []];
  const wanted = state.ring.filter((fragment) => fragment.endMs > atMs - preRollMs);
  const dropped = state.ring.slice(0, state.ring.length - wanted.length);
  const [first] = wanted;
  const begins = first ?? { seq: state.nextSeq, startMs: state.ring.at(-1)?.endMs ?? atMs };
  const part = { eventId: newEventId, ingestId: state.ingestId, firstSeq: begins.seq, startMs: begins.startMs };
  return [{ ...state, ring: wanted, part, lastMotionMs: atMs }, [{ type: 'part_opened', part }, ...drop(state, dropped)]];
}

/** Nothing happens: what is older than any pre-roll can want goes. */
function keep({ preRollMs }: RecorderSettings, state: RecorderState, fragment: Fragment): RecorderStep {
  const oldestMs = fragment.endMs - preRollMs - SEEN_LATE_MS;
  const all = [...state.ring, fragment];
  const ring = all.filter(({ endMs }) => endMs > oldestMs);
  const dropped = all.slice(0, all.length - ring.length);
  return [{ ...state, ring, nextSeq: fragment.seq + 1 }, drop(state, dropped)];
}

function record(
  { stopDelayMs, maxRecordingMs }: RecorderSettings,
  state: RecorderState,
  fragment: Fragment,
  begun: Part,
): RecorderStep {
  // Where nothing was in the ring, when it begins was only a guess until now.
  const isGuess = fragment.seq === begun.firstSeq && fragment.startMs !== begun.startMs;
  const part = isGuess ? { ...begun, startMs: fragment.startMs } : begun;
  const corrected: RecorderEffect[] = isGuess ? [{ type: 'part_opened', part }] : [];
  const { cutOff: _resumed, ...going } = state;
  const next = { ...going, part, ring: [...state.ring, fragment], nextSeq: fragment.seq + 1 };
  const closed: RecorderEffect = { type: 'part_closed', part, lastSeq: fragment.seq };
  if (fragment.endMs >= state.lastMotionMs + stopDelayMs) {
    const { part: _part, ...idle } = next;
    return [{ ...idle, ring: [] }, [...corrected, closed]];
  }
  if (fragment.endMs - part.startMs < maxRecordingMs) return [next, corrected];
  const following = { ...part, firstSeq: fragment.seq + 1, startMs: fragment.endMs };
  return [{ ...next, ring: [], part: following }, [...corrected, closed, { type: 'part_opened', part: following }]];
}

function endIngest(state: RecorderState, atMs: number): RecorderStep {
  const { part, ring, nextSeq, lastMotionMs, cutOff } = state;
  const away = { ring: [], nextSeq: 0, lastMotionMs };
  if (part === undefined) return [cutOff === undefined ? away : { ...away, cutOff }, drop(state, ring)];
  const closed: RecorderEffect = { type: 'part_closed', part, lastSeq: nextSeq - 1 };
  return [{ ...away, cutOff: cutOff ?? { eventId: part.eventId, atMs } }, [closed]];
}

const drop = ({ ingestId }: RecorderState, fragments: readonly Fragment[]): RecorderEffect[] =>
  ingestId === undefined || fragments.length === 0 ? [] : [{ type: 'fragments_dropped', ingestId, fragments }];
