import { describe, expect, it } from 'vitest';
import { parseTfjsGraph } from '../../../src/models/tfjs-graph.ts';
import { dequantise, halfToFloat } from '../../../src/models/tfjs-weights.ts';
import { createTfjsModel, floats } from '../../support/tfjs-model.ts';

describe('weights of a TensorFlow.js model', () => {
  it.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x83ff, -1023 * 2 ** -24],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
  ])('the half %i is %d', (half, expected) => {
    // Given the bits of an IEEE half

    // When they are read
    const value = halfToFloat(half);

    // Then it is the number that IEEE 754 says
    expect(value).toBe(expected);
  });

  it('are widened from every way of storing them, each at its place', () => {
    // Given bytes of one float32, one int32, two halves, two uint8 and one uint16 in a row
    const bytes = Buffer.alloc(4 + 4 + 4 + 2 + 2);
    bytes.writeFloatLE(1.5, 0);
    bytes.writeInt32LE(-7, 4);
    bytes.writeUInt16LE(0x3c00, 8);
    bytes.writeUInt16LE(0xc000, 10);
    bytes.set([0, 200], 12);
    bytes.writeUInt16LE(1000, 14);
    const affine = { scale: 0.5, min: -10 };

    // When each is read at its offset
    const read = [
      dequantise({ name: 'a', shape: [], dtype: 'float32' }, bytes, 0),
      dequantise({ name: 'b', shape: [1], dtype: 'int32' }, bytes, 4),
      dequantise({ name: 'c', shape: [2], dtype: 'float32', quantization: { dtype: 'float16' } }, bytes, 8),
      dequantise({ name: 'd', shape: [1, 2], dtype: 'float32', quantization: { dtype: 'uint8', ...affine } }, bytes, 12),
      dequantise({ name: 'e', shape: [1], dtype: 'float32', quantization: { dtype: 'uint16', ...affine } }, bytes, 14),
    ];

    // Then values and sizes are the ones that were written
    expect(read.map(({ values }) => [...values])).toEqual([[1.5], [-7], [1, -2], [-10, 90], [490]]);
    expect(read.map(({ sizeBytes }) => sizeBytes)).toEqual([4, 4, 4, 2, 2]);
  });

  it.each([
    { change: 'too short', cut: (bytes: Uint8Array) => bytes.subarray(1), says: /end in the middle of k/ },
    { change: 'too long', cut: (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(1)]), says: /hold 9 bytes/ },
  ])('that are $change are refused', ({ cut, says }) => {
    // Given a model whose weight file has another length than its manifest says
    const { json, weights } = createTfjsModel({ nodes: [], constants: { k: floats([2], [1, 2]) } });

    // When it is parsed
    const parse = () => parseTfjsGraph(json, cut(weights));

    // Then it says so
    expect(parse).toThrow(says);
  });
});
