import type { TfjsGraph } from './tfjs-graph.ts';
import { convertTfjsToOnnx } from './tfjs-to-onnx.ts';

/** Pixels. */
export interface InputSize {
  readonly width: number;
  readonly height: number;
}

/** The one output: the 100 best of a picture as [1, 100, 6] of x1, y1, x2, y2, score, class in input pixels. */
export const CENTERNET_OUTPUT = 'tower_0/detections';

/**
 * Converts the MobileNetV3-CenterNet of @vladmandic/human for one input size. The export froze sizes for 512 x 512 into
 * its up-sampling steps and into the arithmetic that turns a cell's number into its row and column; they are replaced.
 * Throws when a side is no multiple of 32 (the backbone halves the picture five times) or the graph is another one.
 */
export function convertCenternet(graph: TfjsGraph, { width, height }: InputSize): Uint8Array {
  for (const side of [width, height]) {
    if (side < 32 || side % 32 !== 0) throw new Error(`an input side of ${side} pixels is not a multiple of 32`);
  }
  const head = 'tower_0/CenternetHead';
  return convertTfjsToOnnx(graph, {
    inputWidth: width,
    inputHeight: height,
    outputs: [{ name: CENTERNET_OUTPUT, dims: [1, 100, 6] }],
    overrides: {
      [`${head}/c5_upsample/up_sampling2d/mul`]: [height / 16, width / 16],
      [`${head}/c4_upsample/up_sampling2d_1/mul`]: [height / 8, width / 8],
      [`${head}/c3_upsample/up_sampling2d_2/mul`]: [height / 4, width / 4],
      'tower_0/strided_slice_6': [width / 4],
      'tower_0/BatchGather/concat': [(height / 4) * (width / 4), 4],
    },
  });
}
