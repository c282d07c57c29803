import type { MotionSettings } from '../domain/motion-recording.ts';
import {
  adoptFrame,
  type Background,
  compareFrame,
  createBackground,
  measureGain,
  packBackground,
  unpackBackground,
} from './background.ts';
import { type CellGrid, createCellGrid } from './cell-grid.ts';
import type { FrameSize } from './frame-size.ts';

export interface MotionReading {
  readonly moving: boolean;
  /** Share of the watched cells that changed, 0..1. */
  readonly share: number;
  /** The light has changed with this frame, or the camera has turned: the picture was taken as the new background. */
  readonly lightChange: boolean;
}

export interface FrameMoment {
  /** Of any clock, as long as it is always the same. */
  readonly atMs: number;
  readonly recording: boolean;
}

export interface MotionDetector {
  /** Takes one frame after the other: the gray of its pixels, 0..255, row by row. */
  look(frame: Uint8Array, at: FrameMoment): MotionReading;
  /** What the picture looks like when nothing moves, packed: for a detector that goes on where this one ends. */
  memory(): Uint8Array;
}

/**
 * Looks for motion in small frames. The first frames, and those after a break or a change of light, only show what the
 * picture looks like, and are never motion.
 * @param memory of an earlier detector of the same picture: whoever stands in it now is not taken for part of it.
 */
export function createMotionDetector(settings: MotionSettings, size: FrameSize, memory?: Uint8Array): MotionDetector {
  const state = createMotionState(settings, size);
  const isKnown = memory !== undefined && unpackBackground(state.background, memory);
  return {
    look(frame, at) {
      if (isKnown) state.lastAtMs ??= at.atMs - 1;
      return lookAtFrame(state, settings, frame, at);
    },
    memory: () => packBackground(state.background),
  };
}

/** Light as a whole that is so much brighter or darker from one frame to the next is no cloud. */
const LIGHT_GAIN = 1.25;
/** A thing that covers more of the picture than this comes gradually. */
const LIGHT_SHARE = 0.5;
/** Exposure and the IR filter need so long until the picture stands. */
const SETTLE_MS = 1_000;
/** After a longer break, the background says nothing any more. */
const BREAK_MS = 5_000;

export interface MotionState {
  readonly grid: CellGrid;
  readonly background: Background;
  /** Of the last frame; undefined before the first. */
  lastAtMs: number | undefined;
  /** Until then frames are adopted as they are. */
  settlesAtMs: number;
  /** Since when enough of the picture has been changed, without a frame in between in which it was not. */
  changedSinceMs: number | undefined;
}

export function createMotionState(settings: MotionSettings, size: FrameSize): MotionState {
  const grid = createCellGrid(size, settings);
  return { grid, background: createBackground(grid), lastAtMs: undefined, settlesAtMs: 0, changedSinceMs: undefined };
}

/** One step. The state is brought up to date in place: copying a background for each frame would cost more than comparing it. */
export function lookAtFrame(
  state: MotionState,
  settings: MotionSettings,
  frame: Uint8Array,
  { atMs, recording }: FrameMoment,
): MotionReading {
  const { grid, background } = state;
  const elapsedMs = atMs - (state.lastAtMs ?? Number.NEGATIVE_INFINITY);
  state.lastAtMs = atMs;
  if (elapsedMs < 0 || elapsedMs > BREAK_MS) {
    settle(state, frame, atMs);
    return { moving: false, share: 0, lightChange: false };
  }
  const gain = measureGain(background, grid, frame);
  const changedCells = compareFrame(background, grid, frame, { gain, elapsedMs, pixelThreshold: settings.pixelThreshold });
  const share = watchedShare(state);
  if (Math.max(gain, 1 / gain) > LIGHT_GAIN || changedCells > grid.cells.length * LIGHT_SHARE) {
    settle(state, frame, atMs);
    return { moving: false, share, lightChange: true };
  }
  if (atMs < state.settlesAtMs) {
    adoptFrame(background, frame);
    return { moving: false, share, lightChange: false };
  }
  state.changedSinceMs = share >= motionThreshold(settings, recording) ? (state.changedSinceMs ?? atMs) : undefined;
  const moving = state.changedSinceMs !== undefined && atMs - state.changedSinceMs >= settings.minDurationMs;
  return { moving, share, lightChange: false };
}

/** Share of the watched cells, 0..1, that has to be changed. */
export const motionThreshold = ({ minAreaShare, recordingFactor }: MotionSettings, recording: boolean): number =>
  recording ? minAreaShare / recordingFactor : minAreaShare;

function settle(state: MotionState, frame: Uint8Array, atMs: number): void {
  adoptFrame(state.background, frame);
  state.settlesAtMs = atMs + SETTLE_MS;
  state.changedSinceMs = undefined;
}

function watchedShare({ grid, background }: MotionState): number {
  if (grid.watchedCells === 0) return 0;
  const changed = grid.cells.filter((cell, index) => cell.isWatched && background.changed[index] === 1);
  return changed.length / grid.watchedCells;
}
