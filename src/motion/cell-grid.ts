import type { MotionSettings, Polygon } from '../domain/motion-recording.ts';
import type { FrameSize } from './frame-size.ts';

/** Side of a cell in pixels. A pixel is noise, most of a cell is a thing. */
const CELL_SIDE = 8;

/** Pixels from left and top up to, and without, right and bottom. */
export interface Cell {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly pixels: number;
  readonly isWatched: boolean;
}

/** A frame cut into square cells, row by row; those at the right and bottom edge may be smaller. */
export interface CellGrid extends FrameSize {
  readonly cells: readonly Cell[];
  readonly watchedCells: number;
}

type Areas = Pick<MotionSettings, 'zones' | 'masks'>;

export function createCellGrid(size: FrameSize, areas: Areas): CellGrid {
  const cells: Cell[] = [];
  for (let top = 0; top < size.height; top += CELL_SIDE)
    for (let left = 0; left < size.width; left += CELL_SIDE) cells.push(createCell(left, top, size, areas));
  return { ...size, cells, watchedCells: cells.filter((cell) => cell.isWatched).length };
}

function createCell(left: number, top: number, { width, height }: FrameSize, areas: Areas): Cell {
  const right = Math.min(left + CELL_SIDE, width);
  const bottom = Math.min(top + CELL_SIDE, height);
  const isWatched = watches(areas, (left + right) / 2 / width, (top + bottom) / 2 / height);
  return { left, top, right, bottom, pixels: (right - left) * (bottom - top), isWatched };
}

function watches({ zones, masks }: Areas, x: number, y: number): boolean {
  const lies = (area: Polygon): boolean => contains(area, x, y);
  return (zones.length === 0 || zones.some(lies)) && !masks.some(lies);
}

/** Whether a ray from the point to the right crosses the outline an odd number of times (Shimrat, CACM 5, 1962). */
function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  let [fromX, fromY] = polygon.at(-1) ?? [0, 0];
  for (const [toX, toY] of polygon) {
    if (fromY > y !== toY > y && x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) inside = !inside;
    [fromX, fromY] = [toX, toY];
  }
  return inside;
}
