import { describe, expect, it } from 'vitest';
import { pictureBox } from '../../../src/inference/picture-box.ts';
import { type CanvasShape, letterboxOf } from '../../../src/media/letterbox.ts';

const box = (left: number, top: number, right: number, bottom: number) => ({
  ...{ classIndex: 0, confidence: 1 },
  ...{ left, top, right, bottom },
});
const canvas: CanvasShape = { width: 416, height: 416, padding: 'top_left', pad: 114 };

describe('a box on a letterboxed canvas', () => {
  it('is a part of the picture, wherever that lies', () => {
    // Given a 16:9 picture at the top of its canvas, and one in the middle
    const top = letterboxOf(canvas, { width: 416, height: 234 });
    const middle = letterboxOf({ ...canvas, padding: 'center' }, { width: 416, height: 234 });
    // When the box of its right lower quarter is asked for
    // Then it is the same part of the picture
    const quarter = { x: 0.5, y: 0.5, width: 0.5, height: 0.5 };
    expect(pictureBox(box(208, 117, 416, 234), top)).toEqual(quarter);
    expect(middle.picture.y).toBe(91);
    expect(pictureBox(box(208, 208, 416, 325), middle)).toEqual(quarter);
  });

  it('is cut at the edges, and none when it lies on the border', () => {
    // Given a picture that fills the upper part of its canvas
    const letterbox = letterboxOf(canvas, { width: 416, height: 208 });
    // When boxes reach over its edge or miss it
    // Then they are cut, or nothing
    expect(pictureBox(box(-50, 104, 208, 300), letterbox)).toEqual({ x: 0, y: 0.5, width: 0.5, height: 0.5 });
    expect(pictureBox(box(0, 250, 100, 300), letterbox)).toBeUndefined();
  });

  it('needs no more canvas than the picture and the network do', () => {
    // Given a canvas that may shrink to multiples of 32
    const shrinking = { ...canvas, shrinkToMultipleOf: 32 };
    // When a 16:9 and a portrait picture are fitted
    // Then the border is small
    expect(letterboxOf(shrinking, { width: 416, height: 234 })).toMatchObject({ width: 416, height: 256 });
    expect(letterboxOf(shrinking, { width: 234, height: 416 })).toMatchObject({ width: 256, height: 416 });
  });
});
