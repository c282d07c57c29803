import { expect, it } from 'vitest';
import { MOTION_BY_SENSITIVITY, SENSITIVITIES } from '../../../../../src/motion/sensitivity.ts';
import { motionConfigSchema, motionSettingsOf } from '../../../../../src/plugins/sources/rtsp/motion-config.ts';

const settingsOf = (written: object) => motionSettingsOf(motionConfigSchema.parse(written));

it('motion is of medium sensitivity in the whole picture when nothing is said of it', () => {
  // Given
  // When
  const settings = settingsOf({});
  // Then
  expect(settings).toEqual(MOTION_BY_SENSITIVITY.medium);
});

it.each(SENSITIVITIES)('sensitivity %s stands for its numbers', (sensitivity) => {
  // Given
  // When
  const settings = settingsOf({ sensitivity });
  // Then
  expect(settings).toEqual(MOTION_BY_SENSITIVITY[sensitivity]);
});

it('numbers win over the sensitivity', () => {
  // Given
  const triangle = [
    [0, 0],
    [1, 0],
    [0.5, 1],
  ];
  // When
  const settings = settingsOf({
    ...{ sensitivity: 'low', pixel_threshold: 12, min_area_pct: 5, recording_factor: 3, min_duration_s: 0 },
    ...{ zones: [triangle], masks: [triangle, triangle] },
  });
  // Then
  expect(settings).toEqual({
    ...{ pixelThreshold: 12, minAreaShare: 0.05, recordingFactor: 3, minDurationMs: 0 },
    ...{ zones: [triangle], masks: [triangle, triangle] },
  });
});

it.each([
  [
    'an area of two corners',
    {
      zones: [
        [
          [0, 0],
          [1, 1],
        ],
      ],
    },
  ],
  [
    'corners in pixels',
    {
      masks: [
        [
          [0, 0],
          [640, 0],
          [640, 360],
        ],
      ],
    },
  ],
  ['a corner without a height', { masks: [[[0], [1, 0], [1, 1]]] }],
  ['a share of nothing', { min_area_pct: 0 }],
  ['a word for sensitivity that is none', { sensitivity: 'very' }],
  ['a key that is none', { threshold: 3 }],
])('%s is refused', (_words, written) => {
  // Given
  // When
  const parsed = motionConfigSchema.safeParse(written);
  // Then
  expect(parsed.success).toBe(false);
});
