import type { CanvasSize } from './candidate.ts';
import type { ModelInput } from './model-manifest.ts';

/** Pixels in the form in which a model wants them. */
export interface InputTensor {
  readonly data: Float32Array | Uint8Array;
  readonly dims: readonly number[];
}

/** Rearranges packed RGB bytes into a model's layout, channel order and value range. */
export function fillTensor(rgb: Uint8Array, { width, height }: CanvasSize, input: ModelInput): InputTensor {
  const pixels = width * height;
  const data = input.dtype === 'uint8' ? new Uint8Array(pixels * 3) : new Float32Array(pixels * 3);
  const planar = input.layout === 'nchw';
  for (let channel = 0; channel < 3; channel++) {
    const values = valuesOf(input, channel);
    const source = input.channels === 'rgb' ? channel : 2 - channel;
    let to = planar ? channel * pixels : channel;
    const step = planar ? 1 : 3;
    for (let from = source; from < pixels * 3; from += 3, to += step) data[to] = values[rgb[from] ?? 0] ?? 0;
  }
  return { data, dims: planar ? [1, 3, height, width] : [1, height, width, 3] };
}

/** What each of the 256 values of a byte becomes: looking it up is quicker than the arithmetic per pixel. */
function valuesOf({ dtype, scale, mean, std }: ModelInput, channel: number): Float32Array {
  const plain = dtype === 'uint8';
  return Float32Array.from({ length: 256 }, (_, byte) =>
    plain ? byte : (byte * scale - (mean[channel] ?? 0)) / (std[channel] ?? 1),
  );
}
