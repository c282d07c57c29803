import type { ClipSource, ProxiesOf } from './activities.ts';
import type { AlertDecision, PolicyFacts } from './alert.ts';
import type { AnalysisResult } from './analysis.ts';
import type { AnalysisRun, ClipBefore, ClipSelection, ConfigOverride } from './backfill.ts';
import type { FilterResult } from './detection.ts';
import type { ClipId } from './ids.ts';
import type { Result } from './result.ts';
import type { FilterError, VLMError } from './stage-error.ts';

/** What a plugin answered, and by which config. */
export interface Configured<T> {
  readonly result: T;
  readonly configHash: string;
}

/** The port between the workflows of a backfill and their activities. Those that speak to Postgres are retried for ever. */
export interface BackfillActivities {
  /** The next clips of a selection, newest recording first, by id only: histories are small. */
  listClipsToAnalyze(input: {
    readonly selection: ClipSelection;
    readonly cursor?: string;
  }): Promise<{ readonly clipIds: readonly ClipId[]; readonly nextCursor?: string }>;
  countClipsToAnalyze(selection: ClipSelection): Promise<number>;
  /** Undefined for a clip that is unknown, deleted or unreadable. */
  readClipBefore(clipId: ClipId): Promise<ClipBefore | undefined>;
  /** With trigger classes it also draws and stores the picture for an alert. */
  detectAgain(
    input: ClipSource & { readonly override: ConfigOverride; readonly triggerClasses?: readonly string[] },
  ): Promise<Result<Configured<FilterResult>, FilterError>>;
  describeAgain(
    input: ClipSource & { readonly override: ConfigOverride; readonly filter?: FilterResult },
  ): Promise<Result<Configured<AnalysisResult>, VLMError>>;
  decideAgain(input: { readonly facts: PolicyFacts; readonly override: ConfigOverride }): Promise<Configured<AlertDecision>>;
  /** Writes the run beside the original; the same clip of the same batch again replaces it. */
  recordAnalysisRun(run: AnalysisRun): Promise<void>;
}

/** What an attempt fails with, by its type, when its worker stops: of the SDK, and of ours that waited. */
export const WORKER_SHUTDOWN = 'WorkerShutdown';

export type BackfillProxies = ProxiesOf<BackfillActivities>;
