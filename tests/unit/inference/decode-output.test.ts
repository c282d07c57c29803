import { describe, expect, it } from 'vitest';
import type { Candidate, OutputTensor } from '../../../src/inference/candidate.ts';
import { decodeOutput } from '../../../src/inference/decode-output.ts';
import { type ModelManifest, modelManifestSchema } from '../../../src/inference/model-manifest.ts';

const LABELS = ['cat', 'dog'];
const CANVAS = { width: 64, height: 32 };

function manifestWith(output: object): ModelManifest {
  return modelManifestSchema.parse({
    ...{ id: 'm', file: 'm.onnx', sha256: 'a'.repeat(64), license: 'x', source: 'x', labels: LABELS, output },
    input: { width: 64, height: 64, layout: 'nchw', dtype: 'float32', channels: 'rgb', padding: 'top_left' },
  });
}
const tensor = (dims: readonly number[], fill: (data: Float32Array) => void): OutputTensor => {
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
  fill(data);
  return { data, dims };
};
const round = (value: number): number => Math.round(value * 1000) / 1000;
/** Single precision is not what a test writes down. */
const rounded = ({ classIndex, confidence, left, top, right, bottom }: Candidate): Candidate => ({
  ...{ classIndex, confidence: round(confidence) },
  ...{ left: round(left), top: round(top), right: round(right), bottom: round(bottom) },
});
const decode = (output: object, tensors: Record<string, OutputTensor>, minConfidence = 0.5) =>
  decodeOutput(manifestWith(output), new Map(Object.entries(tensors)), { canvas: CANVAS, minConfidence });

describe('yolox', () => {
  // Strides 16 and 32 on 64 x 32: 4 x 2 cells, then 2 x 1.
  const output = { decoder: 'yolox', strides: [16, 32] };
  const dims = [1, 10, 7];

  it('turns a cell of each stride into pixels of the canvas', () => {
    // Given a cat in the second row's third cell of the first grid, and a dog in the second grid's second cell
    const grid = tensor(dims, (data) => {
      data.set([0.5, 0.25, Math.log(2), 0, 0.9, 0.8, 0.1], 6 * 7);
      data.set([0, 0.5, 0, Math.log(0.5), 1, 0.2, 0.6], 9 * 7);
    });
    // When it is decoded
    const found = decode(output, { out: grid });
    // Then both lie where their cells do, with objectness times class score
    expect(found).toHaveLength(2);
    expect(found.map(rounded)).toEqual([
      { classIndex: 0, confidence: 0.72, left: 24, right: 56, top: 12, bottom: 28 },
      { classIndex: 1, confidence: 0.6, left: 16, right: 48, top: 8, bottom: 24 },
    ]);
  });

  it('leaves out what is only half sure of being something and of what it is', () => {
    // Given objectness and class score of 0.6 each: 0.36 together
    const grid = tensor(dims, (data) => data.set([0, 0, 0, 0, 0.6, 0.6, 0], 0));
    // When it is decoded with 0.5
    // Then nothing is found
    expect(decode(output, { out: grid })).toEqual([]);
  });

  it('refuses a grid of another size', () => {
    // Given the cells of a larger canvas
    const grid = tensor([1, 12, 7], () => {});
    // When it is decoded
    // Then it says what does not fit
    expect(() => decode(output, { out: grid })).toThrow('[1, 12, 7] where its manifest promises [1, 10, 7]');
  });
});

describe('yolov8', () => {
  it('reads anchors by columns and keeps one box of a heap', () => {
    // Given three anchors: a dog, the same dog less sure, and an unsure cat
    const rows = tensor([1, 6, 3], (data) => {
      for (const [row, values] of [
        [30, 31, 50],
        [16, 16, 16],
        [20, 20, 8],
        [10, 10, 8],
        [0.1, 0.1, 0.3],
        [0.9, 0.7, 0.1],
      ].entries()) {
        data.set(values, row * 3);
      }
    });
    // When it is decoded
    const found = decode({ decoder: 'yolov8' }, { out: rows });
    // Then the surer dog is left
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ classIndex: 1, left: 20, right: 40, top: 11, bottom: 21 });
    expect(found[0]?.confidence).toBeCloseTo(0.9);
  });

  it('keeps boxes of different classes at the same place', () => {
    // Given a cat and a dog of the same box
    const rows = tensor([1, 6, 2], (data) => data.set([30, 30, 16, 16, 20, 20, 10, 10, 0.9, 0, 0, 0.8]));
    // When it is decoded
    // Then both stay
    expect(decode({ decoder: 'yolov8' }, { out: rows }).map(({ classIndex }) => classIndex)).toEqual([0, 1]);
  });
});

describe('centernet', () => {
  it('reads finished rows, dropping unsure, empty and unknown ones', () => {
    // Given a dog; then one unsure, one without area, one of a class that has no label
    const rows = tensor([1, 4, 6], (data) =>
      data.set([1, 2, 11, 22, 0.75, 1, 1, 2, 11, 22, 0.25, 0, 5, 5, 5, 9, 0.9, 0, 1, 2, 11, 22, 0.9, 7]),
    );
    // When it is decoded
    // Then the dog is left
    expect(decode({ decoder: 'centernet' }, { out: rows })).toEqual([
      { classIndex: 1, confidence: 0.75, left: 1, top: 2, right: 11, bottom: 22 },
    ]);
  });
});

describe('detr', () => {
  const boxes = tensor([1, 2, 4], (data) => data.set([0.5, 0.5, 0.5, 1, 0.25, 0.25, 0.5, 0.5]));

  it('takes the sigmoid of logits and boxes in parts of the canvas, by the names of the outputs', () => {
    // Given one sure dog and one query that saw nothing, in outputs that stand in the other order
    const logits = tensor([1, 2, 2], (data) => data.set([-3, Math.log(4), -5, -5]));
    // When they are decoded
    const found = decode({ decoder: 'detr', logits: 'l', boxes: 'b' }, { b: boxes, l: logits });
    // Then the dog is 0.8 sure and lies on the canvas in pixels
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ classIndex: 1, left: 16, right: 48, top: 0, bottom: 32 });
    expect(found[0]?.confidence).toBeCloseTo(0.8);
  });

  it('counts the class for nothing with softmax', () => {
    // Given a query torn between cat and nothing, and one sure of a cat
    const logits = tensor([1, 2, 3], (data) => data.set([2, -9, 2.5, Math.log(9), -99, 0]));
    // When they are decoded
    const found = decode({ decoder: 'detr', activation: 'softmax' }, { logits, pred_boxes: boxes });
    // Then only the second is a cat
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ classIndex: 0, left: 0, right: 32 });
    expect(found[0]?.confidence).toBeCloseTo(0.9);
  });

  it('names the outputs there are when one is missing', () => {
    // Given a model whose outputs have other names
    // When they are decoded
    // Then the message helps to write the manifest
    expect(() => decode({ decoder: 'detr' }, { scores: boxes })).toThrow('no output logits; it has scores');
  });
});
