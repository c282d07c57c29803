/** Tells a picture that stands still to the last bit from a quiet scene, in which a sensor always sees some noise. */
export interface PictureState {
  readonly last?: Uint8Array;
  readonly sameSinceMs: number;
  /** The connection was made anew for it, and it is still the same: such a picture is real, like that of a covered lens. */
  readonly isAccepted: boolean;
}

export const newPicture: PictureState = { sameSinceMs: 0, isAccepted: false };

export function sawPicture(state: PictureState, picture: Uint8Array, atMs: number): PictureState {
  const isSame = state.last !== undefined && Buffer.compare(state.last, picture) === 0;
  // The picture's memory is used again for the next one.
  return isSame ? state : { last: Uint8Array.from(picture), sameSinceMs: atMs, isAccepted: false };
}

/** @param frozenAfterMs 0: never. */
export const isFrozen = (state: PictureState, nowMs: number, frozenAfterMs: number): boolean =>
  frozenAfterMs > 0 && !state.isAccepted && state.last !== undefined && nowMs - state.sameSinceMs > frozenAfterMs;
