import { type Candidate, type CanvasSize, centredCandidate, checkDims, type OutputTensor } from './candidate.ts';

export interface DetrHead {
  readonly activation: 'sigmoid' | 'softmax';
  readonly classes: number;
  readonly minConfidence: number;
}

export interface DetrOutputs {
  readonly logits: OutputTensor;
  readonly boxes: OutputTensor;
}

/**
 * Reads one candidate per query: logits [1, queries, classes (+ 1 for nothing with softmax)], boxes [1, queries, 4] as centre and size in
 * parts of the canvas. (Carion et al., DETR, 2020; `PostProcess` of its repository. Sigmoid: Deformable DETR and its children.)
 */
export function decodeDetr({ logits, boxes }: DetrOutputs, canvas: CanvasSize, head: DetrHead): Candidate[] {
  const columns = head.classes + (head.activation === 'softmax' ? 1 : 0);
  checkDims(logits, [1, -1, columns]);
  const queries = logits.dims[1] ?? 0;
  checkDims(boxes, [1, queries, 4]);
  const candidates: Candidate[] = [];
  for (let query = 0; query < queries; query++) {
    const row = logits.data.subarray(query * columns, (query + 1) * columns);
    const classIndex = indexOfMax(row.subarray(0, head.classes));
    const confidence = head.activation === 'softmax' ? softmaxOf(row, classIndex) : 1 / (1 + Math.exp(-(row[classIndex] ?? 0)));
    if (confidence < head.minConfidence) continue;
    const [x = 0, y = 0, width = 0, height = 0] = boxes.data.subarray(query * 4, query * 4 + 4);
    const size = { width: width * canvas.width, height: height * canvas.height };
    candidates.push(centredCandidate({ classIndex, confidence, centreX: x * canvas.width, centreY: y * canvas.height, ...size }));
  }
  return candidates;
}

function indexOfMax(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  return best;
}

function softmaxOf(row: Float32Array, index: number): number {
  const max = row[indexOfMax(row)] ?? 0;
  const sum = row.reduce((total, logit) => total + Math.exp(logit - max), 0);
  return Math.exp((row[index] ?? 0) - max) / sum;
}
