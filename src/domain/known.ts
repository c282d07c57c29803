import type { AnalysisResult } from './analysis.ts';
import type { FilterResult } from './detection.ts';
import type { StageError } from './stage-error.ts';

/** What is known of a stage at some moment: not yet, deliberately not, tried in vain, or its value. */
export type Known<T, Reason extends string = never> =
  | { readonly state: 'pending' }
  | { readonly state: 'skipped'; readonly reason: Reason }
  | { readonly state: 'failed'; readonly error: StageError }
  | { readonly state: 'done'; readonly value: T };

export const PENDING = { state: 'pending' } as const;

export type VLMRunMode = 'trigger_only' | 'always' | 'never';
export const VLM_RUN_MODES = ['trigger_only', 'always', 'never'] as const satisfies readonly VLMRunMode[];

/** Why no model was asked. `filter_failed`: nothing says that the clip is worth it, and the alert goes out unverified. */
export type VLMSkipReason = 'run_mode_never' | 'no_trigger_classes' | 'filter_failed';

export type KnownFilter = Known<FilterResult>;
export type KnownAnalysis = Known<AnalysisResult, VLMSkipReason>;
export type KnownUpload = Known<StoredClip>;

/** A verified copy in storage. */
export interface StoredClip {
  /** `<backend>:<location>`, enough for that backend to find the bytes again. */
  readonly storageUri: string;
}
