import { proxyActivities } from '@temporalio/workflow';
import type { ActivityProxies, Attempted, ClipSource, FailedAttempt } from '../src/domain/activities.ts';
import { type Known, type KnownFilter, PENDING, type VLMSkipReason } from '../src/domain/known.ts';
import type { ClipPlan } from '../src/domain/process-clip.ts';
import type { Result } from '../src/domain/result.ts';
import type { PluginFailure, StageError } from '../src/domain/stage-error.ts';
import type { ClipRun, Trial } from './clip-run.ts';
import { runStage, type StageFailure } from './run-stage.ts';
import { STAGE_POLICIES } from './stage-policies.ts';

/** Copies the clip to storage, beside everything else. */
export async function upload(run: ClipRun): Promise<void> {
  const { clip } = run.input;
  const { uploadClip } = proxyActivities<ActivityProxies>({
    ...STAGE_POLICIES.upload(clip.hostId),
    summary: summary(run, 'upload'),
  });
  run.upload = PENDING;
  run.events.emit({ eventType: 'upload_started', destKey: clip.storageKey, attempt: 1 });
  const outcome = await runStage(
    () => uploadClip({ clip }),
    (failure) => ({ kind: 'UploadError' as const, storageKey: clip.storageKey, ...blame(run, failure) }),
  );
  conclude(run, 'upload', outcome);
  run.upload = known(outcome);
  if (!outcome.ok) return;
  const { value, attempt, durationMs } = outcome.value;
  run.events.emit({ eventType: 'upload_completed', attempt, durationMs, ...value });
}

/** Looks for objects in the whole clip. */
export async function filter(run: ClipRun): Promise<void> {
  const { plan } = run.input;
  const { detectObjects } = proxyActivities<ActivityProxies>({ ...STAGE_POLICIES.filter(plan), summary: summary(run, 'filter') });
  run.filter = PENDING;
  run.events.emit({ eventType: 'filter_started', attempt: 1 });
  const outcome = await runStage(
    () => detectObjects({ ...sourceOf(run), triggerClasses: plan.triggerClasses }),
    (failure) => ({ kind: 'FilterError' as const, ...blame(run, failure) }),
  );
  conclude(run, 'filter', outcome);
  run.filter = known(outcome);
  if (!outcome.ok) return;
  const { value, attempt, durationMs } = outcome.value;
  run.events.emit({ eventType: 'filter_completed', attempt, durationMs, ...value });
}

/** Has the clip described, when the run mode and what the filter saw say so. */
export async function analyze(run: ClipRun): Promise<void> {
  run.analysis = PENDING;
  const skipReason = whySkipAnalysis(run.input.plan, run.filter);
  if (skipReason !== undefined) {
    run.analysis = { state: 'skipped', reason: skipReason };
    run.events.emit({ eventType: 'vlm_skipped', reason: skipReason });
    return;
  }
  const { plan } = run.input;
  const { analyzeClip } = proxyActivities<ActivityProxies>({ ...STAGE_POLICIES.vlm(plan), summary: summary(run, 'vlm') });
  run.events.emit({ eventType: 'vlm_started', attempt: 1 });
  const seen = run.filter.state === 'done' ? { filter: run.filter.value } : {};
  const outcome = await runStage(
    () => analyzeClip({ ...sourceOf(run), ...seen }),
    (failure) => ({ kind: 'VLMError' as const, ...blame(run, failure) }),
  );
  conclude(run, 'vlm', outcome);
  run.analysis = known(outcome);
  if (!outcome.ok) return;
  const { value, attempt, durationMs } = outcome.value;
  run.events.emit({ eventType: 'vlm_completed', attempt, durationMs, ...value });
}

/** Undefined: the clip is worth a description. */
export function whySkipAnalysis(
  plan: Pick<ClipPlan, 'runMode' | 'triggerClasses'>,
  seen: KnownFilter,
): VLMSkipReason | undefined {
  if (plan.runMode === 'never') return 'run_mode_never';
  if (plan.runMode === 'always') return undefined;
  if (seen.state !== 'done') return 'filter_failed';
  return seen.value.detectedClasses.some((name) => plan.triggerClasses.includes(name)) ? undefined : 'no_trigger_classes';
}

const sourceOf = ({ input: { clip, plan } }: ClipRun): ClipSource =>
  plan.clipsUrl === undefined ? { clip } : { clip, clipsUrl: plan.clipsUrl };

/** The activity's line in the Temporal UI. */
export const summary = (run: ClipRun, stage: string): string => `${stage} · ${run.input.clip.cameraName}`;

/** Who a failure belongs to, when it never reached a plugin that could say so. */
export const blame = (run: ClipRun, failure: PluginFailure) => ({
  clipId: run.input.clip.clipId,
  backend: 'unknown',
  ...failure,
});

function known<T>(outcome: Result<Attempted<T>, StageFailure<StageError>>): Known<T> {
  return outcome.ok ? { state: 'done', value: outcome.value.value } : { state: 'failed', error: outcome.error.error };
}

/** Notes how the stage went: one event for each attempt that failed, in their order, whether or not the stage worked in the end. */
function conclude<T>(
  run: ClipRun,
  stage: 'upload' | 'filter' | 'vlm',
  outcome: Result<Attempted<T>, StageFailure<StageError>>,
): void {
  run.trials.set(stage, trialOf(outcome));
  for (const failed of attemptsOf(outcome)) run.events.emit({ eventType: `${stage}_failed`, ...failed });
}

export function trialOf(outcome: Result<Attempted<unknown>, StageFailure<StageError>>): Trial {
  if (!outcome.ok) return { attempt: outcome.error.attempt };
  const { attempt, durationMs } = outcome.value;
  return { attempt, durationMs };
}

type FailedAttemptEvent = FailedAttempt & { readonly willRetry: boolean };

export function attemptsOf<T>(outcome: Result<Attempted<T>, StageFailure<StageError>>): FailedAttemptEvent[] {
  if (outcome.ok) return outcome.value.failedAttempts.map((failed) => ({ ...failed, willRetry: true }));
  const { error, attempt, failedAttempts } = outcome.error;
  const last = { attempt, errorType: error.kind, errorCode: error.code, errorMessage: error.message, willRetry: false };
  return [...failedAttempts.map((failed) => ({ ...failed, willRetry: true })), last];
}
