import { z } from 'zod';

const classes = z
  .array(z.string().trim().toLowerCase().min(1))
  .min(1)
  .describe("What to look for: any of the model's classes, which are the 80 of COCO unless its manifest has others.");
const minConfidence = z.number().min(0).max(1).describe('How sure the model must be, 0 to 1.');
const sampleFps = z
  .number()
  .gt(0)
  .max(60)
  .describe('Frames looked at per second of video, whatever its own frame rate. More costs in proportion.');
const minBoxHeight = z
  .number()
  .min(0)
  .max(1)
  .describe("How high a thing must be, as a part of the picture's height. Keeps out the far side of the street.");
const minHits = z
  .number()
  .int()
  .min(1)
  .describe('Frames in which a class must be seen before it counts. In a clip with fewer frames: in all of them.');

/** Settings of one camera; what is left out is as for all cameras. */
const overrideSchema = z.strictObject({
  classes: classes.optional(),
  min_confidence: minConfidence.optional(),
  sample_fps: sampleFps.optional(),
  min_box_h_ratio: minBoxHeight.optional(),
  min_hits: minHits.optional(),
});

export const yoloConfigSchema = z.strictObject({
  model: z
    .string()
    .trim()
    .min(1)
    .default('centernet_mbv3')
    .describe('Id of an installed model (`homesec models list`), or the path of a model manifest.'),
  classes: classes.default(['person']),
  min_confidence: minConfidence.default(0.5),
  sample_fps: sampleFps.default(2),
  min_box_h_ratio: minBoxHeight.default(0.1),
  min_hits: minHits.default(1),
  provider: z
    .enum(['cpu', 'cuda'])
    .default('cpu')
    .describe('Where the model runs. `cuda` needs an NVIDIA GPU and the CUDA libraries of onnxruntime.'),
  overrides: z.record(z.string(), overrideSchema).default({}).describe('Other settings for single cameras, by camera name.'),
});

export type YoloConfig = z.output<typeof yoloConfigSchema>;
