import type { Box } from '../domain/detection.ts';
import type { Letterbox } from '../media/letterbox.ts';
import type { Candidate } from './candidate.ts';

/**
 * A box on the canvas as parts of the picture that lies on it, cut at the picture's edges.
 * @returns undefined for a box on the border, where there is no picture.
 */
export function pictureBox({ left, top, right, bottom }: Candidate, { picture }: Letterbox): Box | undefined {
  const along = (value: number, start: number, size: number): number => Math.min(1, Math.max(0, (value - start) / size));
  const x = along(left, picture.x, picture.width);
  const y = along(top, picture.y, picture.height);
  const width = along(right, picture.x, picture.width) - x;
  const height = along(bottom, picture.y, picture.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}
