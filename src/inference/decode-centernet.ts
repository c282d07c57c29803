import { type Candidate, checkDims, type OutputTensor } from './candidate.ts';

/** Reads finished detections, [1, n, 6]: left, top, right, bottom in canvas pixels, score, class. */
export function decodeCenternet(output: OutputTensor, classes: number, minConfidence: number): Candidate[] {
  checkDims(output, [1, -1, 6]);
  const candidates: Candidate[] = [];
  for (let at = 0; at + 5 < output.data.length; at += 6) {
    const [left = 0, top = 0, right = 0, bottom = 0, confidence = 0, classNumber = -1] = output.data.subarray(at, at + 6);
    const classIndex = Math.round(classNumber);
    const real = classIndex >= 0 && classIndex < classes && right > left && bottom > top;
    if (real && confidence >= minConfidence) candidates.push({ classIndex, confidence, left, top, right, bottom });
  }
  return candidates;
}
