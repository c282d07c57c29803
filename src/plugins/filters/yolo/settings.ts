import type { YoloConfig } from './config.ts';

/** What the detector looks for in the clips of one camera. */
export interface DetectSettings {
  readonly classes: readonly string[];
  readonly minConfidence: number;
  readonly sampleFps: number;
  /** Parts of the picture's height. */
  readonly minBoxHeight: number;
  readonly minHits: number;
}

export function settingsFor(config: YoloConfig, cameraName: string): DetectSettings {
  const own = Object.hasOwn(config.overrides, cameraName) ? config.overrides[cameraName] : undefined;
  return {
    classes: [...new Set(own?.classes ?? config.classes)],
    minConfidence: own?.min_confidence ?? config.min_confidence,
    sampleFps: own?.sample_fps ?? config.sample_fps,
    minBoxHeight: own?.min_box_h_ratio ?? config.min_box_h_ratio,
    minHits: own?.min_hits ?? config.min_hits,
  };
}

/** Every class that some camera's clips are searched for. */
export function classesOf(config: YoloConfig): readonly string[] {
  return [...new Set([...config.classes, ...Object.values(config.overrides).flatMap((own) => own.classes ?? [])])];
}
