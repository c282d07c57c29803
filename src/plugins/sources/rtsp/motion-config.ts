import { z } from 'zod';
import type { MotionSettings } from '../../../domain/motion-recording.ts';
import { MOTION_BY_SENSITIVITY, SENSITIVITIES } from '../../../motion/sensitivity.ts';

const corner = z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]);
const polygons = z.array(z.array(corner).min(3)).default([]);

export const motionConfigSchema = z.strictObject({
  sensitivity: z
    .enum(SENSITIVITIES)
    .default('medium')
    .describe('How little is motion. The numbers below, where they are given, win over it.'),
  pixel_threshold: z
    .number()
    .min(1)
    .max(254)
    .optional()
    .describe('Gray levels (of 255) by which a pixel has to change. Left out: low 35, medium 25, high 18.'),
  min_area_pct: z
    .number()
    .gt(0)
    .max(100)
    .optional()
    .describe('Percent of the watched picture that has to change. Left out: low 2, medium 0.8, high 0.3.'),
  recording_factor: z
    .number()
    .min(1)
    .max(100)
    .optional()
    .describe('While recording, `min_area_pct` divided by this is enough. Left out: 2.'),
  min_duration_s: z
    .number()
    .min(0)
    .max(60)
    .optional()
    .describe('Motion counts once it has lasted so long. Left out: low 0.8, medium 0.4, high 0.2.'),
  zones: polygons.describe(
    'Areas that are watched, each a list of corners [x, y], 0 to 1 of width and height from the top left. Empty: everything.',
  ),
  masks: polygons.describe('Areas, written as zones are, that are never watched: a road, a tree, a flag.'),
});

export type MotionConfig = z.output<typeof motionConfigSchema>;

export function motionSettingsOf(config: MotionConfig): MotionSettings {
  const preset = MOTION_BY_SENSITIVITY[config.sensitivity];
  return {
    pixelThreshold: config.pixel_threshold ?? preset.pixelThreshold,
    minAreaShare: config.min_area_pct === undefined ? preset.minAreaShare : config.min_area_pct / 100,
    recordingFactor: config.recording_factor ?? preset.recordingFactor,
    minDurationMs: config.min_duration_s === undefined ? preset.minDurationMs : config.min_duration_s * 1_000,
    zones: config.zones,
    masks: config.masks,
  };
}
