import type { Candidate } from './candidate.ts';

/** Keeps the best of each heap of overlapping boxes of one class: greedy non-maximum suppression. Best first. */
export function suppressOverlaps(candidates: readonly Candidate[], maxIou: number): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.confidence - a.confidence)) {
    const covered = kept.some((better) => better.classIndex === candidate.classIndex && overlapOf(better, candidate) > maxIou);
    if (!covered) kept.push(candidate);
  }
  return kept;
}

/** Intersection over union, 0..1. */
export function overlapOf(a: Candidate, b: Candidate): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const common = width * height;
  return common / (areaOf(a) + areaOf(b) - common);
}

const areaOf = ({ left, top, right, bottom }: Candidate): number => (right - left) * (bottom - top);
