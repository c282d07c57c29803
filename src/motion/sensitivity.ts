import type { MotionSettings } from '../domain/motion-recording.ts';

export const SENSITIVITIES = ['low', 'medium', 'high'] as const;
export type Sensitivity = (typeof SENSITIVITIES)[number];

const WHOLE_PICTURE = { recordingFactor: 2, zones: [], masks: [] };

/** Settings for those who do not want to know of gray levels. */
export const MOTION_BY_SENSITIVITY: Readonly<Record<Sensitivity, MotionSettings>> = {
  low: { ...WHOLE_PICTURE, pixelThreshold: 35, minAreaShare: 0.02, minDurationMs: 800 },
  medium: { ...WHOLE_PICTURE, pixelThreshold: 25, minAreaShare: 0.008, minDurationMs: 400 },
  high: { ...WHOLE_PICTURE, pixelThreshold: 18, minAreaShare: 0.003, minDurationMs: 200 },
};

export const DEFAULT_MOTION = MOTION_BY_SENSITIVITY.medium;
