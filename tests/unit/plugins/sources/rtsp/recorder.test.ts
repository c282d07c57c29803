import { describe, expect, it } from 'vitest';
import {
  type Fragment,
  idleRecorder,
  type Part,
  type RecorderEffect,
  type RecorderInput,
  type RecorderSettings,
  type RecorderState,
  stepRecorder,
} from '../../../../../src/plugins/sources/rtsp/recorder.ts';

const SETTINGS: RecorderSettings = { preRollMs: 2_000, stopDelayMs: 3_000, maxRecordingMs: 10_000, resumeWithinMs: 60_000 };

/** Fragments of one second each: number n lasts from second n to n + 1. */
const fragment = (seq: number): Fragment => ({ seq, startMs: seq * 1_000, endMs: (seq + 1) * 1_000 });
const started = (ingestId: string, atMs: number): RecorderInput => ({ type: 'ingest_started', ingestId, atMs });
const motion = (atMs: number, newEventId = 'event'): RecorderInput => ({ type: 'motion', atMs, newEventId });
const came = (seq: number): RecorderInput => ({ type: 'fragment', fragment: fragment(seq) });
const cameAll = (from: number, to: number): RecorderInput[] =>
  Array.from({ length: to - from + 1 }, (_, index) => came(from + index));
const ended = (atMs: number): RecorderInput => ({ type: 'ingest_ended', atMs });

interface Clip {
  readonly eventId: string;
  readonly ingestId: string;
  readonly startMs: number;
  readonly seqs: readonly [first: number, last: number];
}

function run(inputs: readonly RecorderInput[], settings = SETTINGS, from: RecorderState = idleRecorder()) {
  let state = from;
  const effects: RecorderEffect[] = [];
  for (const input of inputs) {
    const [next, came] = stepRecorder(settings, state, input);
    state = next;
    effects.push(...came);
  }
  const clips = effects.flatMap((effect): Clip[] => (effect.type === 'part_closed' ? [clipOf(effect.part, effect.lastSeq)] : []));
  const dropped = effects.flatMap((effect) =>
    effect.type === 'fragments_dropped' ? effect.fragments.map(({ seq }) => seq) : [],
  );
  const opened = effects.flatMap((effect) => (effect.type === 'part_opened' ? [effect.part] : []));
  return { state, effects, clips, dropped, opened };
}

const clipOf = ({ eventId, ingestId, startMs, firstSeq }: Part, lastSeq: number): Clip => ({
  eventId,
  ingestId,
  startMs,
  seqs: [firstSeq, lastSeq],
});

describe('an event', () => {
  it('reaches from the pre-roll before its first motion until the stop delay after its last', () => {
    // Given a quiet ingest of ten seconds, When something moves from second 10.2 to 12
    const { clips } = run([started('a', 0), ...cameAll(0, 9), motion(10_200), motion(12_000), ...cameAll(10, 20)]);
    // Then second 8.2 lies in fragment 8, and second 15 ends with fragment 14
    expect(clips).toEqual([{ eventId: 'event', ingestId: 'a', startMs: 8_000, seqs: [8, 14] }]);
  });

  it('lasts as long as something moves, and ends once', () => {
    // Given motion each second
    const moving = Array.from({ length: 6 }, (_, second) => [came(second), motion((second + 1) * 1_000)]).flat();
    // When it stops
    const { clips } = run([started('a', 0), motion(500), ...moving, ...cameAll(6, 30)]);
    // Then
    expect(clips).toEqual([{ eventId: 'event', ingestId: 'a', startMs: 0, seqs: [0, 8] }]);
  });

  it('does not take again what the event before it has, however long the pre-roll is', () => {
    // Given an event that ends with fragment 5
    const first = [started('a', 0), motion(2_500, 'first'), ...cameAll(0, 5)];
    // When the next begins half a second later
    const { clips } = run([...first, motion(6_500, 'second'), ...cameAll(6, 12)]);
    // Then the clips join
    expect(clips.map(({ eventId, seqs }) => [eventId, seqs])).toEqual([
      ['first', [0, 5]],
      ['second', [6, 9]],
    ]);
    expect(clips[1]?.startMs).toBe(6_000);
  });

  it('is cut into clips that join exactly, under one event id, when it lasts long', () => {
    // Given motion without end
    const moving = Array.from({ length: 25 }, (_, second) => [came(second), motion((second + 1) * 1_000)]).flat();
    // When
    const { clips, state } = run([started('a', 0), motion(100), ...moving]);
    // Then
    expect(clips.map(({ seqs }) => seqs)).toEqual([
      [0, 9],
      [10, 19],
    ]);
    expect(new Set(clips.map(({ eventId }) => eventId)).size).toBe(1);
    expect(clips[1]?.startMs).toBe(10_000);
    expect(state.part).toMatchObject({ eventId: 'event', firstSeq: 20 });
  });

  it('that begins before the first fragment is done starts with it, at its real time', () => {
    // Given motion in the first second of an ingest whose first fragment turns out to begin at 0
    const { clips, opened } = run([started('a', 0), motion(700), ...cameAll(0, 6)]);
    // Then what was guessed at first is corrected before it is a clip
    expect(clips[0]).toMatchObject({ startMs: 0, seqs: [0, 3] });
    expect(opened.map(({ startMs }) => startMs)).toEqual([700, 0]);
  });
});

describe('a lost connection', () => {
  it('closes the clip as far as it got, and the event goes on under its id when the camera is back', () => {
    // Given an event in progress
    const before = [started('a', 0), ...cameAll(0, 4), motion(4_500), came(5)];
    // When the camera is lost for ten seconds
    const { clips } = run([...before, ended(6_000), started('b', 16_000), ...cameAll(16, 30)]);
    // Then
    expect(clips).toEqual([
      { eventId: 'event', ingestId: 'a', startMs: 2_000, seqs: [2, 5] },
      { eventId: 'event', ingestId: 'b', startMs: 16_000, seqs: [0, 18] },
    ]);
  });

  it('of long ago ends the event', () => {
    // Given an event that was cut off
    const before = [started('a', 0), motion(100), came(0), ended(1_000)];
    // When the camera is back after more than a minute
    const { clips, state } = run([...before, started('b', 62_000)]);
    // Then
    expect(clips).toHaveLength(1);
    expect(state.part).toBeUndefined();
  });

  it('does not keep the event waiting, however often connecting fails meanwhile', () => {
    // Given an event that was cut off
    const before = [started('a', 0), motion(100), came(0), ended(1_000)];
    // When attempts fail for more than a minute, one every ten seconds
    const attempts = [1, 2, 3, 4, 5, 6].flatMap((n) => [started(`b${n}`, n * 10_000), ended(n * 10_000 + 500)]);
    const { state } = run([...before, ...attempts, started('c', 70_000)]);
    // Then
    expect(state.part).toBeUndefined();
  });

  it('while nothing happens leaves no fragment behind', () => {
    // Given
    const { dropped, state, clips } = run([started('a', 0), ...cameAll(0, 9), ended(10_000)]);
    // Then
    expect(dropped).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(state.ring).toEqual([]);
    expect(clips).toEqual([]);
  });

  it('makes no event of motion that another stream sees meanwhile', () => {
    // Given no ingest, When
    const { effects } = run([motion(1_000)]);
    // Then
    expect(effects).toEqual([]);
  });
});

describe('the ring', () => {
  it('keeps what a pre-roll may want, and lets go of what is older', () => {
    // Given, When
    const { dropped, state } = run([started('a', 0), ...cameAll(0, 9)]);
    // Then motion that is seen two seconds late still gets two seconds of pre-roll
    expect(state.ring.map(({ seq }) => seq)).toEqual([6, 7, 8, 9]);
    expect(dropped).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each([...Array(200).keys()])(
    'has each fragment in one clip, dropped, or still kept: never twice, never lost (%i)',
    (seed) => {
      // Given any order of motion, fragments and lost connections
      const random = randomOf(seed);
      const inputs: RecorderInput[] = [];
      let ingest = 0;
      let seq = 0;
      let nowMs = 0;
      inputs.push(started(`i${ingest}`, nowMs));
      for (let step = 0; step < 300; step += 1) {
        const dice = random();
        if (dice < 0.15) inputs.push(motion(nowMs + 200, `e${step}`));
        else if (dice < 0.18) {
          inputs.push(ended(nowMs));
          nowMs += Math.floor(random() * 90_000);
          ingest += 1;
          seq = 0;
          inputs.push(started(`i${ingest}`, nowMs));
        } else {
          inputs.push({ type: 'fragment', fragment: { seq, startMs: nowMs, endMs: nowMs + 1_000 } });
          seq += 1;
          nowMs += 1_000;
        }
      }
      // When
      const fates = new Map<string, number>();
      let state = idleRecorder();
      for (const input of inputs) {
        const [next, effects] = stepRecorder(SETTINGS, state, input);
        for (const effect of effects) {
          if (effect.type === 'fragments_dropped')
            for (const { seq: one } of effect.fragments) count(fates, `${effect.ingestId}/${one}`);
          if (effect.type === 'part_closed')
            for (let one = effect.part.firstSeq; one <= effect.lastSeq; one += 1) count(fates, `${effect.part.ingestId}/${one}`);
        }
        state = next;
      }
      for (const { seq: one } of state.ring) count(fates, `${state.ingestId}/${one}`);
      // Then
      expect([...fates.values()].every((times) => times === 1)).toBe(true);
      expect(fates.size).toBe(inputs.filter(({ type }) => type === 'fragment').length);
    },
  );
});

const count = (fates: Map<string, number>, key: string): void => void fates.set(key, (fates.get(key) ?? 0) + 1);

/** Mulberry32: small, and the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
