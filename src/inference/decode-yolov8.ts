import { type Candidate, centredCandidate, checkDims, type OutputTensor } from './candidate.ts';

/** Reads YOLOv8's and YOLO11's head, [1, 4 + classes, anchors]: centre and size in canvas pixels, then a score per class. */
export function decodeYolov8(output: OutputTensor, classes: number, minConfidence: number): Candidate[] {
  checkDims(output, [1, 4 + classes, -1]);
  const { data } = output;
  const anchors = output.dims[2] ?? 0;
  const candidates: Candidate[] = [];
  for (let anchor = 0; anchor < anchors; anchor++) {
    let classIndex = 0;
    let confidence = 0;
    for (let index = 0; index < classes; index++) {
      const score = data[(4 + index) * anchors + anchor] ?? 0;
      if (score <= confidence) continue;
      confidence = score;
      classIndex = index;
    }
    if (confidence < minConfidence) continue;
    const value = (row: number): number => data[row * anchors + anchor] ?? 0;
    const box = { centreX: value(0), centreY: value(1), width: value(2), height: value(3) };
    candidates.push(centredCandidate({ classIndex, confidence, ...box }));
  }
  return candidates;
}
