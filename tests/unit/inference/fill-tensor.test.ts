import { describe, expect, it } from 'vitest';
import { fillTensor } from '../../../src/inference/fill-tensor.ts';
import type { ModelInput } from '../../../src/inference/model-manifest.ts';

const input: ModelInput = {
  ...{ width: 64, height: 64, layout: 'nchw', dtype: 'float32', channels: 'rgb', scale: 1, pad: 0 },
  ...{ mean: [0, 0, 0], std: [1, 1, 1], padding: 'top_left', rectangular: false },
};
const RGB = Uint8Array.from([1, 2, 3, 4, 5, 6]);
const CANVAS = { width: 2, height: 1 };

describe('a frame as a tensor', () => {
  it('stands in planes or in pixels, red or blue first', () => {
    // Given two pixels
    // When they are laid out in each way
    // Then every value is where the model looks for it
    expect(fillTensor(RGB, CANVAS, input)).toEqual({ data: Float32Array.from([1, 4, 2, 5, 3, 6]), dims: [1, 3, 1, 2] });
    expect([...fillTensor(RGB, CANVAS, { ...input, channels: 'bgr' }).data]).toEqual([3, 6, 2, 5, 1, 4]);
    expect(fillTensor(RGB, CANVAS, { ...input, layout: 'nhwc', dtype: 'uint8' })).toEqual({ data: RGB, dims: [1, 1, 2, 3] });
    expect([...fillTensor(RGB, CANVAS, { ...input, layout: 'nhwc', channels: 'bgr' }).data]).toEqual([3, 2, 1, 6, 5, 4]);
  });

  it('is normalised channel by channel, in the order of the model', () => {
    // Given a scale, and a mean and deviation per channel
    const normalised: ModelInput = { ...input, channels: 'bgr', scale: 2, mean: [1, 0, 2], std: [1, 2, 4] };
    // When a pixel of blue 3, green 2, red 1 is filled in
    const { data } = fillTensor(RGB.subarray(0, 3), { width: 1, height: 1 }, normalised);
    // Then each had its own
    expect([...data]).toEqual([5, 2, 0]);
  });
});
