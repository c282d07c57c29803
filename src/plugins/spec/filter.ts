import type { FilterResult } from '../../domain/detection.ts';
import type { Result } from '../../domain/result.ts';
import type { PluginFailure } from '../../domain/stage-error.ts';

export interface FilterRequest {
  readonly path: string;
  readonly cameraName: string;
  readonly signal: AbortSignal;
  /** Called at least every few seconds while work goes on. */
  readonly onProgress: (framesDone: number) => void;
  /** Where given, awaited before each frame: an old clip stands back there while a new one needs its place. */
  readonly giveWay?: () => Promise<void>;
}

/** Says which classes of things a clip shows. */
export interface Filter {
  /** Media that cannot be decoded is CLIP_UNREADABLE, never an empty result. */
  detect(request: FilterRequest): Promise<Result<FilterResult, PluginFailure>>;
  ping(): Promise<Result<void, PluginFailure>>;
  close(): Promise<void>;
}
