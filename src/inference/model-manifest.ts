import { z } from 'zod';
import { COCO_LABELS } from './coco-labels.ts';

const perChannel = z.tuple([z.number(), z.number(), z.number()]);

const inputSchema = z.strictObject({
  width: z.number().int().min(32).max(4096).describe('Pixels. The widest canvas when `rectangular`.'),
  height: z.number().int().min(32).max(4096).describe('Pixels. The highest canvas when `rectangular`.'),
  layout: z.enum(['nchw', 'nhwc']),
  dtype: z.enum(['float32', 'uint8']),
  channels: z.enum(['rgb', 'bgr']).describe('Order of the colour channels; mean and std follow it.'),
  scale: z.number().positive().default(1).describe('float32 only: value = (pixel * scale - mean) / std, pixels being 0..255.'),
  mean: perChannel.default([0, 0, 0]),
  std: perChannel.default([1, 1, 1]),
  pad: z.number().int().min(0).max(255).default(114).describe('Gray of the border around the picture.'),
  padding: z.enum(['top_left', 'center']).describe('Where on the canvas the picture lies.'),
  rectangular: z
    .boolean()
    .default(false)
    .describe('The network works at any multiple of 32: a 16:9 picture runs on 416 x 256 instead of 416 x 416.'),
});

const nmsIou = z.number().gt(0).lte(1).default(0.45).describe('Boxes of one class that overlap more than this are one thing.');
const tensorName = z.string().min(1);

const outputSchema = z.discriminatedUnion('decoder', [
  z
    .strictObject({
      decoder: z.literal('yolox'),
      strides: z.array(z.number().int().positive()).min(1).default([8, 16, 32]),
      nmsIou,
    })
    .describe('[1, cells, 5 + classes]: cx, cy, w, h as raw grid values, objectness, scores; both after the sigmoid.'),
  z
    .strictObject({ decoder: z.literal('yolov8'), nmsIou })
    .describe('[1, 4 + classes, anchors]: cx, cy, w, h in canvas pixels, scores. YOLOv8 and YOLO11.'),
  z
    .strictObject({ decoder: z.literal('centernet'), nmsIou })
    .describe('[1, n, 6]: x1, y1, x2, y2 in canvas pixels, score, class.'),
  z
    .strictObject({
      decoder: z.literal('detr'),
      logits: tensorName.default('logits').describe('Output [1, queries, classes].'),
      boxes: tensorName.default('pred_boxes').describe('Output [1, queries, 4]: cx, cy, w, h as parts of the canvas.'),
      activation: z
        .enum(['sigmoid', 'softmax'])
        .default('sigmoid')
        .describe('`softmax`: the class after the last label means nothing.'),
    })
    .describe('DETR, RT-DETR, D-FINE, RF-DETR: one query, one thing; no overlap to remove.'),
]);

/** What stands in a model's `manifest.json`: how to feed an ONNX file and how to read its answer. */
export const modelManifestSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/)
    .describe('Its folder below the models folder.'),
  file: z
    .string()
    .regex(/^[^/\\]+$/, 'must be a file beside the manifest')
    .describe('The ONNX file, beside the manifest.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('Of the ONNX file.'),
  license: z.string().min(1).describe('As its owners state it, with what users should know.'),
  source: z.string().min(1).describe('Where it came from.'),
  input: inputSchema,
  output: outputSchema,
  labels: z
    .array(z.string().min(1))
    .min(1)
    .default([...COCO_LABELS])
    .describe('Class names by number. Left out: the 80 of COCO.'),
});

export type ModelManifest = z.output<typeof modelManifestSchema>;
export type ModelInput = ModelManifest['input'];
