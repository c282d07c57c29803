/** Relative to the picture: 0..1 from its left and top edges. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The best sight of one class in a clip. */
export interface Detection {
  readonly className: string;
  /** 0..1 */
  readonly confidence: number;
  readonly box: Box;
  /** Media time of the frame. */
  readonly atMs: number;
}

/** What a filter saw in a whole clip. No detections means: looked, and nothing was there. */
export interface FilterResult {
  readonly detectedClasses: readonly string[];
  /** The highest confidence of all detections, 0 when there are none. */
  readonly confidence: number;
  readonly model: string;
  readonly modelSha256: string;
  readonly sampledFrames: number;
  /** One per class, best first. */
  readonly detections: readonly Detection[];
  /** Where storage has a JPEG of the best detection of a trigger class, with its box drawn; missing where there is none. */
  readonly snapshotKey?: string;
}
