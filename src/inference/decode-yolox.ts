import { type Candidate, type CanvasSize, centredCandidate, checkDims, type OutputTensor } from './candidate.ts';

export interface YoloxHead {
  readonly strides: readonly number[];
  readonly classes: number;
  readonly minConfidence: number;
}

/**
 * Reads YOLOX's raw grid, [1, cells, 5 + classes]: per stride row by row, centre as offset in cells, size as a logarithm in
 * cells, objectness, class scores. (Ge et al., YOLOX, 2021; `demo_postprocess` of its repository.)
 */
export function decodeYolox(output: OutputTensor, canvas: CanvasSize, head: YoloxHead): Candidate[] {
  const columnsPerCell = 5 + head.classes;
  const grids = head.strides.map((stride) => ({
    stride,
    columns: Math.floor(canvas.width / stride),
    rows: Math.floor(canvas.height / stride),
  }));
  checkDims(output, [1, grids.reduce((cells, { columns, rows }) => cells + columns * rows, 0), columnsPerCell]);
  const candidates: Candidate[] = [];
  let at = 0;
  for (const { stride, columns, rows } of grids) {
    for (let cell = 0; cell < columns * rows; cell++, at += columnsPerCell) {
      const candidate = readCell(output.data, at, head);
      if (candidate === undefined) continue;
      candidates.push(
        centredCandidate({
          ...candidate,
          centreX: ((output.data[at] ?? 0) + (cell % columns)) * stride,
          centreY: ((output.data[at + 1] ?? 0) + Math.floor(cell / columns)) * stride,
          width: Math.exp(output.data[at + 2] ?? 0) * stride,
          height: Math.exp(output.data[at + 3] ?? 0) * stride,
        }),
      );
    }
  }
  return candidates;
}

function readCell(data: Float32Array, at: number, head: YoloxHead): { classIndex: number; confidence: number } | undefined {
  const objectness = data[at + 4] ?? 0;
  // No class score is above 1: nearly all cells end here.
  if (objectness < head.minConfidence) return undefined;
  let classIndex = 0;
  let score = 0;
  for (let index = 0; index < head.classes; index++) {
    const value = data[at + 5 + index] ?? 0;
    if (value <= score) continue;
    score = value;
    classIndex = index;
  }
  const confidence = objectness * score;
  return confidence < head.minConfidence ? undefined : { classIndex, confidence };
}
