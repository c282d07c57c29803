import { z } from 'zod';

/** One entry of a weights manifest; integers may be quantised away from float32 by the converter. */
export const weightSchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool']),
  quantization: z
    .discriminatedUnion('dtype', [
      z.looseObject({ dtype: z.literal('float16') }),
      z.looseObject({ dtype: z.enum(['uint8', 'uint16']), scale: z.number(), min: z.number() }),
    ])
    .optional(),
});
export type TfjsWeight = z.infer<typeof weightSchema>;

type Reader = (view: DataView, at: number) => number;
const READERS = {
  float32: [4, (view, at) => view.getFloat32(at, true)],
  int32: [4, (view, at) => view.getInt32(at, true)],
  bool: [1, (view, at) => view.getUint8(at)],
  float16: [2, (view, at) => halfToFloat(view.getUint16(at, true))],
  uint8: [1, (view, at) => view.getUint8(at)],
  uint16: [2, (view, at) => view.getUint16(at, true)],
} as const satisfies Record<string, readonly [number, Reader]>;

/** The values of one weight that starts at `offset`, and how many bytes it takes (tfjs-core's `decodeWeights` gives the same). */
export function dequantise(weight: TfjsWeight, bytes: Uint8Array, offset: number): { values: Float64Array; sizeBytes: number } {
  const { quantization } = weight;
  const [bytesPerValue, read] = READERS[quantization?.dtype ?? weight.dtype];
  const count = weight.shape.reduce((product, size) => product * size, 1);
  const sizeBytes = count * bytesPerValue;
  if (offset + sizeBytes > bytes.length) throw new Error(`the weights end in the middle of ${weight.name}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, sizeBytes);
  const values = Float64Array.from({ length: count }, (_, index) => read(view, index * bytesPerValue));
  if (quantization !== undefined && quantization.dtype !== 'float16') {
    const { scale, min } = quantization;
    const round = weight.dtype === 'int32' ? Math.round : Math.fround;
    for (const [index, value] of values.entries()) values[index] = round(value * scale + min);
  }
  return { values, sizeBytes };
}

/** IEEE 754 binary16. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
