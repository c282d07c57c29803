export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** What motion is looked for in. Pictures of another shape are stretched: areas are shares of the picture, whatever its shape. */
export const MOTION_FRAME: FrameSize = { width: 320, height: 180 };
