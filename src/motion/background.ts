import type { Cell, CellGrid } from './cell-grid.ts';

/**
 * What the picture looks like when nothing moves. Each pixel has two grays: the usual one, and another that is on its way
 * to be taken for background, or that used to be it: leaves that wave, the ground below a parked car.
 */
export interface Background {
  /** Gray levels with fractions. */
  readonly usual: Float32Array;
  readonly other: Float32Array;
  /** How well established the other gray is, as milliseconds for which it was seen. */
  readonly otherMs: Float32Array;
  /** 1 for each cell that the frame last compared differs in. */
  readonly changed: Uint8Array;
  /** Scratch: the gray of each cell, of the background and of a frame. */
  readonly usualSums: Float32Array;
  readonly frameSums: Float32Array;
}

export function createBackground({ width, height, cells }: CellGrid): Background {
  return {
    usual: new Float32Array(width * height),
    other: new Float32Array(width * height),
    otherMs: new Float32Array(width * height),
    changed: new Uint8Array(cells.length),
    usualSums: new Float32Array(cells.length),
    frameSums: new Float32Array(cells.length),
  };
}

/** Takes the frame for the background as it is, and forgets all else. */
export function adoptFrame({ usual, otherMs }: Background, frame: Uint8Array): void {
  usual.set(frame);
  otherMs.fill(0);
}

/** Of `otherMs`, in a byte: up to `REMEMBERED_MS`. */
const MS_PER_BYTE = 250;

/** All that a background knows, three bytes a pixel: for a detector that goes on where this one ends. */
export function packBackground({ usual, other, otherMs }: Background): Uint8Array {
  const packed = new Uint8Array(3 * usual.length);
  packed.set(Uint8Array.from(usual, Math.round));
  packed.set(Uint8Array.from(other, Math.round), usual.length);
  packed.set(
    Uint8Array.from(otherMs, (ms) => Math.round(ms / MS_PER_BYTE)),
    2 * usual.length,
  );
  return packed;
}

/** @returns false when it is of a picture of another size: nothing is taken over then. */
export function unpackBackground({ usual, other, otherMs }: Background, packed: Uint8Array): boolean {
  const pixels = usual.length;
  if (packed.length !== 3 * pixels) return false;
  usual.set(packed.subarray(0, pixels));
  other.set(packed.subarray(pixels, 2 * pixels));
  for (let at = 0; at < pixels; at += 1) otherMs[at] = (packed[2 * pixels + at] ?? 0) * MS_PER_BYTE;
  return true;
}

/** In the dark a level more or less is a large part of the gray; so many levels more on both sides make it none. */
const DARK_LEVELS = 8;

/**
 * How much brighter the frame is as a whole than the background: the median of all cells, which a thing in less than half
 * of the picture does not move. Exposure works as such a factor.
 */
export function measureGain({ usual, usualSums, frameSums }: Background, grid: CellGrid, frame: Uint8Array): number {
  sumCells(usualSums, grid, usual);
  sumCells(frameSums, grid, frame);
  const gains = Float32Array.from(grid.cells, ({ pixels }, cell) => {
    const dark = DARK_LEVELS * pixels;
    return ((frameSums[cell] ?? 0) + dark) / ((usualSums[cell] ?? 0) + dark);
  }).toSorted();
  return gains[gains.length >> 1] ?? 1;
}

export interface Comparison {
  readonly gain: number;
  readonly pixelThreshold: number;
  /** Since the last comparison. */
  readonly elapsedMs: number;
}

/** A gray that is seen follows slow light with this time constant. */
const FOLLOW_MS = 2_000;
/** Whatever has stayed so long is background, as a parked car. */
const ESTABLISHED_MS = 30_000;
/** At most so much counts of how long something was there. */
const REMEMBERED_MS = 2 * ESTABLISHED_MS;
/** A gray that is not seen is forgotten so much more slowly than it was learnt. */
const FORGET_FACTOR = 10;
/** Of a cell's pixels, so many have to differ. */
const CHANGED_PIXELS = 1 / 4;

/**
 * Marks the cells that differ from the background, and brings the background up to date. Both grays of a pixel are running
 * averages of what agreed with them (Stauffer and Grimson, CVPR 1999, with two modes and one threshold for all). Only one
 * that was there long enough is background, and the one before it is remembered (as layers in Kim et al., Real-Time Imaging
 * 11, 2005), so that neither a visitor nor a car that leaves after a while leaves a ghost behind.
 * @returns how many cells differ.
 */
export function compareFrame(background: Background, grid: CellGrid, frame: Uint8Array, how: Comparison): number {
  const pace = {
    ...how,
    width: grid.width,
    follow: 1 - Math.exp(-how.elapsedMs / FOLLOW_MS),
  };
  let changedCells = 0;
  for (const [index, cell] of grid.cells.entries()) {
    const isChanged = compareCell(background, frame, cell, pace) >= cell.pixels * CHANGED_PIXELS;
    background.changed[index] = isChanged ? 1 : 0;
    if (isChanged) changedCells += 1;
  }
  return changedCells;
}

interface Pace extends Comparison {
  readonly width: number;
  readonly follow: number;
}

function compareCell(background: Background, frame: Uint8Array, cell: Cell, pace: Pace): number {
  let changed = 0;
  for (let y = cell.top; y < cell.bottom; y += 1)
    for (let at = y * pace.width + cell.left; at < y * pace.width + cell.right; at += 1)
      if (comparePixel(background, at, frame[at] ?? 0, pace)) changed += 1;
  return changed;
}

/** @returns whether it differs. Runs for every pixel of every frame: nothing is allocated in here. */
function comparePixel({ usual, other, otherMs }: Background, at: number, gray: number, pace: Pace): boolean {
  const { pixelThreshold, follow, elapsedMs } = pace;
  const usualGray = inTheLight(usual[at] ?? 0, gray, pace);
  const seenMs = otherMs[at] ?? 0;
  // Most pixels of most frames are as usual and know nothing else.
  const otherGray = seenMs === 0 ? 0 : inTheLight(other[at] ?? 0, gray, pace);
  if (Math.abs(gray - usualGray) <= pixelThreshold) {
    usual[at] = usualGray + (gray - usualGray) * follow;
    if (seenMs > 0) {
      other[at] = otherGray;
      otherMs[at] = Math.max(0, seenMs - elapsedMs / FORGET_FACTOR);
    }
    return false;
  }
  usual[at] = usualGray;
  if (seenMs === 0 || Math.abs(gray - otherGray) > pixelThreshold) {
    other[at] = seenMs <= elapsedMs ? gray : otherGray;
    otherMs[at] = Math.max(elapsedMs, seenMs - elapsedMs);
    return true;
  }
  other[at] = otherGray + (gray - otherGray) * follow;
  otherMs[at] = Math.min(REMEMBERED_MS, seenMs + elapsedMs);
  if (seenMs >= ESTABLISHED_MS) return false;
  if (seenMs + elapsedMs >= ESTABLISHED_MS) {
    usual[at] = other[at] ?? gray;
    other[at] = usualGray;
    otherMs[at] = REMEMBERED_MS;
  }
  return true;
}

/** A gray when the picture has become brighter by the gain; as it was where that is what is seen: white sky, lamps, letters. */
function inTheLight(gray: number, seen: number, { gain, pixelThreshold }: Pace): number {
  const lit = gray * gain;
  const isAsBefore = Math.abs(seen - lit) > pixelThreshold && Math.abs(seen - gray) <= pixelThreshold;
  return isAsBefore ? gray : lit;
}

function sumCells(sums: Float32Array, { cells, width }: CellGrid, gray: ArrayLike<number>): void {
  for (const [index, cell] of cells.entries()) {
    let sum = 0;
    for (let y = cell.top; y < cell.bottom; y += 1)
      for (let at = y * width + cell.left; at < y * width + cell.right; at += 1) sum += gray[at] ?? 0;
    sums[index] = sum;
  }
}
