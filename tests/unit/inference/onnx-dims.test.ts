import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { withInputDims } from '../../../src/inference/onnx-dims.ts';
import { encodeReddestModel, TINY_SIDE } from '../../support/tiny-model.ts';

describe('an ONNX model with other input dims', () => {
  it('runs at the new size and no longer at the old', async () => {
    // Given a model of a fixed square size
    const square = encodeReddestModel();
    // When its dims are rewritten for a rectangle
    const session = await ort.InferenceSession.create(withInputDims(square, [1, 3, 32, 96]));
    const run = (height: number, width: number) =>
      session.run({ images: new ort.Tensor('float32', new Float32Array(3 * height * width).fill(0.75), [1, 3, height, width]) });
    // Then the rectangle goes through, with the same answer, and the square does not
    const { detections } = await run(32, 96);
    expect([...(detections?.data ?? [])].at(-2)).toBe(0.75);
    await expect(run(TINY_SIDE, TINY_SIDE)).rejects.toThrow(/dimensions/);
    await session.release();
  });

  it('keeps everything else of the file', () => {
    // Given a model
    const model = encodeReddestModel();
    // When its dims are rewritten to what they were, twice
    const once = withInputDims(model, [1, 3, TINY_SIDE, TINY_SIDE]);
    // Then nothing more changes, and only the stated shape of the output is gone
    expect(withInputDims(once, [1, 3, TINY_SIDE, TINY_SIDE])).toEqual(once);
    expect(model.length - once.length).toBeLessThan(32);
  });
});
