import { describe, expect, it } from 'vitest';
import type { MotionRecording } from '../../../src/domain/motion-recording.ts';
import { MOTION_FRAME } from '../../../src/motion/frame-size.ts';
import { createMotionTrial } from '../../../src/motion/motion-trial.ts';
import { DEFAULT_MOTION } from '../../../src/motion/sensitivity.ts';
import { createGrayScene, type GrayThing } from '../../support/gray-scene.ts';

/** From and to in seconds. */
type Visit = readonly [from: number, to: number, who?: 'person' | 'cat' | 'crowd'];
const SHAPES = { person: { y: 60, size: [20, 60] }, cat: { y: 104, size: [16, 16] }, crowd: { y: 40, size: [90, 90] } } as const;

/** Somebody walks through during each visit; answers with what is recorded, in seconds too. */
function record(visits: readonly Visit[], times: Partial<MotionRecording> = {}) {
  const rules = { motion: DEFAULT_MOTION, detectFps: 5, preRollMs: 2_000, stopDelayMs: 1_000, ...times };
  const trial = createMotionTrial(rules, MOTION_FRAME);
  const draw = createGrayScene();
  const thingAt = (second: number): GrayThing[] => {
    const [from = 0, , who = 'person'] = visits.find(([from, to]) => second >= from && second < to) ?? [Number.NaN];
    const { y, size } = SHAPES[who];
    return Number.isNaN(from) ? [] : [{ at: [(second - from) * 60, y], size, gray: 220 }];
  };
  for (let atMs = 0; atMs <= 20_000; atMs += 200) trial.look(draw({ things: thingAt(atMs / 1_000) }), atMs);
  return trial.end().map(({ startMs, endMs, peakShare }) => ({ start: startMs / 1_000, end: endMs / 1_000, peakShare }));
}

describe('a recording', () => {
  it('goes from the pre-roll before the first motion to the stop delay after the last', () => {
    // Given somebody from second 8 to 12, seen as motion from 8.4 to 11.8
    // When
    const [span, ...others] = record([[8, 12]]);
    // Then
    expect(span).toMatchObject({ start: 6.4, end: 12.8 });
    expect(span?.peakShare).toBeGreaterThan(0.02);
    expect(others).toEqual([]);
  });

  it('goes on when motion comes back within the stop delay, else another begins', () => {
    // Given pauses of 0.8 and of 3 s
    const visits = [
      [5, 7],
      [7.8, 9],
      [12, 14],
    ] as const;
    // When
    const spans = record(visits, { stopDelayMs: 1_500 });
    // Then
    expect(spans).toMatchObject([
      { start: 3.4, end: 10.3 },
      { start: 10.4, end: 15.3 },
    ]);
  });

  it('never has a moment that another has', () => {
    // Given a pause shorter than the pre-roll
    // When
    const [first, second] = record(
      [
        [5, 7],
        [9, 11],
      ],
      { preRollMs: 5_000 },
    );
    // Then
    expect(first).toMatchObject({ start: 0.4, end: 7.8 });
    expect(second).toMatchObject({ start: 7.8, end: 11.8 });
  });

  it('begins and ends with the video', () => {
    // Given
    // When
    const spans = record(
      [
        [2, 4],
        [18, 22],
      ],
      { preRollMs: 10_000, stopDelayMs: 10_000 },
    );
    // Then
    expect(spans).toMatchObject([
      { start: 0, end: 13.8 },
      { start: 13.8, end: 20 },
    ]);
  });

  it('remembers the most that moved in it', () => {
    // Given one who comes alone, or before many
    // When
    const [[alone], [many]] = [
      record([[5, 7]]),
      record([
        [5, 7],
        [7, 9, 'crowd'],
        [9, 10],
      ]),
    ];
    // Then
    expect(many?.peakShare).toBeGreaterThan(3 * (alone?.peakShare ?? 1));
  });

  it('goes on for what would not have begun it', () => {
    // Given somebody followed by a cat, or the cat alone
    // When
    const [both, catAlone] = [
      record([
        [5, 8],
        [8, 12, 'cat'],
      ]),
      record([[8, 12, 'cat']]),
    ];
    // Then
    expect(both).toMatchObject([{ start: 3.4, end: 12.8 }]);
    expect(catAlone).toEqual([]);
  });
});
