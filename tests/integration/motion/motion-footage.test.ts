import { describe, expect, it } from 'vitest';
import { decodeGrayFrames } from '../../../src/media/gray-frames.ts';
import { MOTION_FRAME } from '../../../src/motion/frame-size.ts';
import { createMotionTrial } from '../../../src/motion/motion-trial.ts';
import { MOTION_BY_SENSITIVITY, SENSITIVITIES, type Sensitivity } from '../../../src/motion/sensitivity.ts';
import { REAL_VISITS } from '../../support/six-visits.ts';
import { footage } from '../../support/test-media.ts';

const people = footage('one-by-one-person-detection.mp4');
const street = footage('vtest-people-walking.mp4');
const present = people !== undefined && street !== undefined;
if (!present) console.warn('no footage beside the checkout: motion is tested on drawn frames only (tests/unit/motion)');

const STOP_DELAY_MS = 1_000;

async function tryOn(path: string, sensitivity: Sensitivity) {
  const rules = { motion: MOTION_BY_SENSITIVITY[sensitivity], detectFps: 5, preRollMs: 0, stopDelayMs: STOP_DELAY_MS };
  const trial = createMotionTrial(rules, MOTION_FRAME);
  const readings = [];
  const decoding = decodeGrayFrames({ path, sampleFps: 5, ...MOTION_FRAME, signal: new AbortController().signal });
  for await (const { data, atMs } of decoding) readings.push(trial.look(data, atMs));
  return { readings, spans: trial.end() };
}

describe.runIf(present)('motion in real footage', () => {
  it.each(SENSITIVITIES)('is each of the six visits, and nothing between them, at sensitivity %s', async (sensitivity) => {
    // Given somebody who comes six times, and stands still for up to 20 s
    // When
    const { spans, readings } = await tryOn(people ?? '', sensitivity);
    // Then people are seen at both ends of the visit for longer than by a detector, which wants most of them
    expect(spans).toHaveLength(REAL_VISITS.length);
    for (const [index, [from, to]] of REAL_VISITS.entries()) {
      const { startMs = 0, endMs = 0 } = spans[index] ?? {};
      expect(Math.abs(startMs / 1_000 - from)).toBeLessThan(1.2);
      expect((endMs - STOP_DELAY_MS) / 1_000 - to).toBeGreaterThan(-0.5);
      expect((endMs - STOP_DELAY_MS) / 1_000 - to).toBeLessThan(2.5);
    }
    expect(readings.filter(({ lightChange }) => lightChange)).toEqual([]);
  });

  it('is nearly always where people always are', async () => {
    // Given
    // When
    const { readings } = await tryOn(street ?? '', 'medium');
    // Then
    expect(readings.filter(({ moving }) => moving).length / readings.length).toBeGreaterThan(0.95);
  });
});
