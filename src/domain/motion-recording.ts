/** An area of the picture: its corners in order, 0..1 of width and height from the top left. */
export type Polygon = readonly (readonly [x: number, y: number])[];

/** What counts as motion in the picture of one camera. */
export interface MotionSettings {
  /** Gray levels, 0..255, by which a pixel has to differ from the background. */
  readonly pixelThreshold: number;
  /** Share, 0..1, of the watched picture that has to change while nothing is recorded. */
  readonly minAreaShare: number;
  /** While recording, that share is divided by this: it takes less to go on than to begin. */
  readonly recordingFactor: number;
  /** Motion counts when it has lasted so long. */
  readonly minDurationMs: number;
  /** Only what lies in one of them is watched; none: all of the picture. */
  readonly zones: readonly Polygon[];
  /** What lies in one of them is never watched. */
  readonly masks: readonly Polygon[];
}

/** What a camera records of what it sees, and when. */
export interface MotionRecording {
  readonly motion: MotionSettings;
  /** Frames per second that motion is looked for in. */
  readonly detectFps: number;
  /** Kept from before the first motion. */
  readonly preRollMs: number;
  /** Goes on for so long after the last motion. */
  readonly stopDelayMs: number;
}
