import type { AlertDecision, HoldBackReason } from './alert.ts';
import type { AnalysisResult } from './analysis.ts';
import type { Clip } from './clip.ts';
import type { ClipStatus } from './clip-state.ts';
import type { FilterResult } from './detection.ts';
import type { ClipId } from './ids.ts';
import type { Instant } from './instant.ts';
import type { VLMRunMode } from './known.ts';
import type { RiskLevel } from './risk.ts';
import type { StageErrorCode } from './stage-error.ts';

/** Which clips a backfill goes over, deleted ones never. All given ones must hold. */
export interface ClipSelection {
  /** Any of them. */
  readonly cameraNames?: readonly string[];
  /** A class that the filter saw. */
  readonly label?: string;
  readonly status?: Exclude<ClipStatus, 'deleted'>;
  /** False: decided not to notify, or not decided yet. */
  readonly alerted?: boolean;
  readonly riskLevel?: RiskLevel;
  /** Both of the recording's start, both inclusive. ISO 8601 with a zone. */
  readonly since?: Instant;
  readonly until?: Instant;
}

/** The stages that a backfill can run again. The policy it always asks. */
export const BACKFILL_STAGES = ['filter', 'vlm', 'policy'] as const;
export type BackfillStage = (typeof BACKFILL_STAGES)[number];

/** Keys laid over a plugin's configured `config`; nested mappings are merged. Plain JSON, without secrets: it stands in histories. */
export type ConfigOverride = Readonly<Record<string, unknown>>;

/** When to stop: what model calls may use together. Money is in the owner's own currency. */
export interface BackfillBudget {
  readonly maxTokens?: number;
  readonly maxCost?: number;
  /** For a million tokens; 0 where nothing is paid. */
  readonly promptPrice: number;
  readonly completionPrice: number;
}

/** What a backfill does, fixed when it is started. */
export interface BackfillPlan {
  readonly selection: ClipSelection;
  /** There for each stage that runs again, with what is to differ from the configuration. */
  readonly overrides: Readonly<Partial<Record<BackfillStage, ConfigOverride>>>;
  readonly runMode: VLMRunMode;
  readonly triggerClasses: readonly string[];
  readonly maxAttempts: number;
  readonly backoffMs: number;
  /** As in the plan of a clip. */
  readonly clipsUrl?: string;
  /** Clips that fail before the run pauses, counted anew after each resume. */
  readonly maxErrors: number;
  readonly budget: BackfillBudget;
  /** Channels to tell of clips that alert now and of which nobody was told; none: nobody is told. */
  readonly channels: readonly string[];
}

export interface BackfillCounts {
  readonly done: number;
  /** Bytes gone for good, or the clip deleted meanwhile. */
  readonly skipped: number;
  readonly failed: number;
  /** Clips that the model described. */
  readonly described: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Clips that would alert now and had not, and the other way round. */
  readonly newAlerts: number;
  readonly lostAlerts: number;
  readonly told: number;
}

export const NO_COUNTS: BackfillCounts = {
  ...{ done: 0, skipped: 0, failed: 0, described: 0, promptTokens: 0, completionTokens: 0 },
  ...{ newAlerts: 0, lostAlerts: 0, told: 0 },
};

/** What goes from page to page. */
export interface BackfillMemory {
  readonly counts: BackfillCounts;
  readonly total: number;
  readonly cursor?: string;
  readonly concurrency: number;
  readonly pausedBecause?: string;
  /** Failures that were forgiven by a resume. */
  readonly forgiven: number;
}

export interface BackfillInput {
  readonly batch: string;
  readonly plan: BackfillPlan;
  readonly concurrency: number;
  /** Of the page before; missing in the first. */
  readonly memory?: BackfillMemory;
}

/** What the `progress` query answers, and the run in the end. */
export interface BackfillProgress {
  /** `stopped`: ended from outside, as by a termination. It cannot say so itself; whoever asks Temporal is told. */
  readonly state: 'running' | 'paused' | 'done' | 'cancelled' | 'budget_reached' | 'stopped';
  readonly total: number;
  readonly counts: BackfillCounts;
  readonly inHand: number;
  readonly concurrency: number;
  readonly pausedBecause?: string;
}

export interface ReanalyzeInput {
  readonly batch: string;
  readonly clipId: ClipId;
  readonly plan: BackfillPlan;
}

/** What one clip came to, small: the results themselves stand in Postgres. */
export interface ReanalyzeOutcome {
  readonly outcome: AnalysisRun['outcome'];
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly described: boolean;
  readonly alertChange?: AlertChange;
  readonly told: boolean;
}

/** `would`: alerts now and had not; `would_not`: the other way round. */
export type AlertChange = 'would' | 'would_not';

/** What was known of a clip before a run; undecided clips have no decision. */
export interface ClipFindings {
  readonly filterResult?: FilterResult;
  readonly analysisResult?: AnalysisResult;
  readonly vlmSkipReason?: string;
  readonly decision?: AlertDecision;
}

/** A run over one clip, as it stands in `analysis_runs` beside the original. */
export interface AnalysisRun {
  readonly batch: string;
  readonly clipId: ClipId;
  readonly outcome: 'done' | 'skipped' | 'failed';
  readonly before: ClipFindings;
  /** After it: what ran again, and what of the original still holds. */
  readonly after: ClipFindings;
  /** The stages that did run again, each with the first 16 hex digits of the SHA-256 of its whole config. */
  readonly configHashes: Readonly<Partial<Record<BackfillStage, string>>>;
  readonly error?: AnalysisRunError;
  /** Somebody was told of it. */
  readonly told: boolean;
}

/** Whether its findings are whole: also those of a run that only failed to tell of them. */
export const hasFindings = ({ outcome, error }: AnalysisRun): boolean => outcome === 'done' || error?.stage === 'notify';

export interface AnalysisRunError {
  readonly stage: string;
  readonly code: StageErrorCode;
  readonly message: string;
}

/** All that a run needs to know of a clip. */
export interface ClipBefore {
  readonly clip: Clip;
  readonly findings: ClipFindings;
  readonly storageUri?: string;
  /** A channel took an alert of it, then or in a run since; or it is under way, and its own workflow tells of it. */
  readonly told: boolean;
}

export const BACKFILL_ANALYSIS = 'backfillAnalysis';
export const REANALYZE_CLIP = 'reanalyzeClip';
export const PAUSE_UPDATE = 'pause';
export const RESUME_UPDATE = 'resume';
export const SET_CONCURRENCY_UPDATE = 'setConcurrency';
export const CANCEL_UPDATE = 'cancel';
export const PROGRESS_QUERY = 'progress';

/** Clips at once, at most. */
export const MAX_CONCURRENCY = 50;

export const backfillWorkflowIdOf = (batch: string): string => `backfill-${batch}`;
export const reanalyzeWorkflowIdOf = (batch: string, clipId: ClipId): string => `reanalyze-${batch}-${clipId}`;

const BATCH = /^[a-z0-9][a-z0-9-]{0,39}$/;
export const isBatch = (text: string): boolean => BATCH.test(text);

/** A backfill waits behind everything live; backfills take turns where the server is set to be fair. */
export const backfillPriority = (batch: string) => ({ priorityKey: 5, fairnessKey: batch });

/** Whether a clip was worth an alert by itself. The alerts before it, which a cool-down goes by, are none of a backfill's business. */
export const wasWorthAlert = ({ decision }: ClipFindings): boolean =>
  decision?.notify === true || decision?.notifyReason === COOL_DOWN;

const COOL_DOWN = 'cool_down' satisfies HoldBackReason;

/** How the alert of a clip changes; undefined where it does not, or where the run has not decided. */
export function alertChangeOf({ before, after }: Pick<AnalysisRun, 'before' | 'after'>): AlertChange | undefined {
  if (after.decision === undefined || wasWorthAlert(before) === after.decision.notify) return undefined;
  return after.decision.notify ? 'would' : 'would_not';
}

export const costOf = (counts: BackfillCounts, { promptPrice, completionPrice }: BackfillBudget): number =>
  (counts.promptTokens * promptPrice + counts.completionTokens * completionPrice) / 1e6;

export const isLimited = ({ maxTokens, maxCost }: BackfillBudget): boolean => maxTokens !== undefined || maxCost !== undefined;

/**
 * Whether one more clip may begin: what is used stays within the budget, together with what the clips in hand and this one
 * will use by the mean so far if the model describes each. Before it has described one, one clip at a time.
 */
export function isWithinBudget(budget: BackfillBudget, counts: BackfillCounts, inHand: number): boolean {
  const { maxTokens = Infinity, maxCost = Infinity } = budget;
  if (!isLimited(budget)) return true;
  if (counts.described === 0) return inHand === 0;
  const ahead = 1 + (inHand + 1) / counts.described;
  return (counts.promptTokens + counts.completionTokens) * ahead <= maxTokens && costOf(counts, budget) * ahead <= maxCost;
}

export function addOutcome(counts: BackfillCounts, result: ReanalyzeOutcome): BackfillCounts {
  const { outcome, alertChange } = result;
  return {
    done: counts.done + (outcome === 'done' ? 1 : 0),
    skipped: counts.skipped + (outcome === 'skipped' ? 1 : 0),
    failed: counts.failed + (outcome === 'failed' ? 1 : 0),
    described: counts.described + (result.described ? 1 : 0),
    promptTokens: counts.promptTokens + result.promptTokens,
    completionTokens: counts.completionTokens + result.completionTokens,
    newAlerts: counts.newAlerts + (alertChange === 'would' ? 1 : 0),
    lostAlerts: counts.lostAlerts + (alertChange === 'would_not' ? 1 : 0),
    told: counts.told + (result.told ? 1 : 0),
  };
}
