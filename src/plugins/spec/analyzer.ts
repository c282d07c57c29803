import type { AnalysisResult } from '../../domain/analysis.ts';
import type { FilterResult } from '../../domain/detection.ts';
import type { ClipId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Result } from '../../domain/result.ts';
import type { PluginFailure } from '../../domain/stage-error.ts';

export interface AnalysisRequest {
  readonly clipId: ClipId;
  readonly path: string;
  readonly cameraName: string;
  readonly recordedStartAt: Instant;
  readonly durationMs: number;
  /** Absent when no filter result is known. */
  readonly filter?: FilterResult;
  readonly signal: AbortSignal;
  /** Called at least every few seconds while work goes on. */
  readonly onProgress: (what: string) => void;
}

/** Describes a clip and judges its risk. */
export interface Analyzer {
  analyze(request: AnalysisRequest): Promise<Result<AnalysisResult, PluginFailure>>;
  ping(): Promise<Result<void, PluginFailure>>;
  close(): Promise<void>;
}
