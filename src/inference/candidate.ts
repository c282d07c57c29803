/** Something a network claims to see: a class by number, and a box on the canvas in pixels. */
export interface Candidate {
  readonly classIndex: number;
  /** 0..1 */
  readonly confidence: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** One output of a network. */
export interface OutputTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface CanvasSize {
  readonly width: number;
  readonly height: number;
}

interface CentredBox {
  readonly classIndex: number;
  readonly confidence: number;
  readonly centreX: number;
  readonly centreY: number;
  readonly width: number;
  readonly height: number;
}

export function centredCandidate({ classIndex, confidence, centreX, centreY, width, height }: CentredBox): Candidate {
  const left = centreX - width / 2;
  const top = centreY - height / 2;
  return { classIndex, confidence, left, top, right: left + width, bottom: top + height };
}

/** Dims of an output as they must be; -1 stands for any. A model that does not fit its manifest must not guess. */
export function checkDims({ dims, data }: OutputTensor, wanted: readonly number[]): void {
  const fits = dims.length === wanted.length && wanted.every((side, index) => side === -1 || dims[index] === side);
  if (fits && data.length === dims.reduce((size, side) => size * side, 1)) return;
  throw new Error(`the model answers [${dims.join(', ')}] where its manifest promises [${wanted.join(', ')}]`);
}
