import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { ActivityProxies, Attempted, ClipSource } from '../src/domain/activities.ts';
import type { AlertDecision, ClipAlert, PolicyFacts } from '../src/domain/alert.ts';
import {
  type AnalysisRun,
  alertChangeOf,
  type BackfillStage,
  type ClipBefore,
  type ClipFindings,
  type ConfigOverride,
  type ReanalyzeInput,
  type ReanalyzeOutcome,
  wasWorthAlert,
} from '../src/domain/backfill.ts';
import { type BackfillProxies, type Configured, WORKER_SHUTDOWN } from '../src/domain/backfill-activities.ts';
import { type KnownAnalysis, type KnownFilter, PENDING } from '../src/domain/known.ts';
import { GPU_QUEUE, VLM_QUEUE } from '../src/domain/process-clip.ts';
import type { Result } from '../src/domain/result.ts';
import { causesOf, type PluginFailure, pluginFailure, type StageError, type StageErrorCode } from '../src/domain/stage-error.ts';
import { runStage, type StageFailure } from './run-stage.ts';
import { BACKFILL_POLICIES, STAGE_POLICIES } from './stage-policies.ts';
import { whySkipAnalysis } from './stages.ts';

/** One clip, being looked at again. */
interface Look {
  readonly input: ReanalyzeInput;
  readonly before: ClipBefore;
  filter: KnownFilter;
  analysis: KnownAnalysis;
  decision?: AlertDecision;
  error?: NonNullable<AnalysisRun['error']>;
  readonly configHashes: Partial<Record<BackfillStage, string>>;
}

/**
 * Runs the stages that a backfill asks for over one clip, and writes what came of it beside what is known. A stage that
 * fails ends it: half a look is no comparison.
 */
export async function reanalyzeClip(input: ReanalyzeInput): Promise<ReanalyzeOutcome> {
  const { readClipBefore } = proxyActivities<BackfillProxies>(BACKFILL_POLICIES.database(input.batch));
  const before = await readClipBefore(input.clipId);
  if (before === undefined) return skipUnreadable(input);
  const look = createLook(input, before);
  const { filter, vlm } = input.plan.overrides;
  if (filter !== undefined) await detect(look, filter);
  if (look.error === undefined) await describe(look, vlm);
  if (look.error === undefined) await decide(look);
  await record(look, false);
  if (!isNews(look)) return outcomeOf(look, false);
  return outcomeOf(look, await tell(look));
}

function createLook(input: ReanalyzeInput, before: ClipBefore): Look {
  const { filterResult, analysisResult } = before.findings;
  return {
    input,
    before,
    filter: filterResult === undefined ? PENDING : { state: 'done', value: filterResult },
    analysis: analysisResult === undefined ? PENDING : { state: 'done', value: analysisResult },
    configHashes: {},
  };
}

async function detect(look: Look, override: ConfigOverride): Promise<void> {
  const { batch, plan } = look.input;
  const { detectAgain } = proxyActivities<BackfillProxies>({
    ...BACKFILL_POLICIES.stage(GPU_QUEUE, batch, plan),
    summary: `filter · ${look.before.clip.cameraName}`,
  });
  // The picture is drawn for the alert.
  const forAlert = plan.channels.length === 0 ? {} : { triggerClasses: plan.triggerClasses };
  const outcome = await runStage(
    () => acrossStops(() => detectAgain({ ...sourceOf(look), override, ...forAlert })),
    (failure) => ({ kind: 'FilterError' as const, ...blame(look, failure) }),
  );
  const seen = take(look, 'filter', outcome);
  if (seen !== undefined) look.filter = { state: 'done', value: seen };
}

/** What the filter sees now says whether there is to be a description, as it does for a new clip. */
async function describe(look: Look, override: ConfigOverride | undefined): Promise<void> {
  const { batch, plan } = look.input;
  const reason = whySkipAnalysis(plan, look.filter);
  const isFresh = override !== undefined || plan.overrides.filter !== undefined;
  if (reason !== undefined && (isFresh || look.analysis.state !== 'done')) {
    look.analysis = { state: 'skipped', reason };
    return;
  }
  if (override === undefined || reason !== undefined) return;
  const { describeAgain } = proxyActivities<BackfillProxies>({
    ...BACKFILL_POLICIES.stage(VLM_QUEUE, batch, plan),
    summary: `vlm · ${look.before.clip.cameraName}`,
  });
  const seen = look.filter.state === 'done' ? { filter: look.filter.value } : {};
  const outcome = await runStage(
    () => acrossStops(() => describeAgain({ ...sourceOf(look), override, ...seen })),
    (failure) => ({ kind: 'VLMError' as const, ...blame(look, failure) }),
  );
  const described = take(look, 'vlm', outcome);
  if (described !== undefined) look.analysis = { state: 'done', value: described };
}

/** That a worker stops is no fault of the clip: it may have had its last attempt only in a line. */
async function acrossStops<T>(stage: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await stage();
    } catch (thrown) {
      if (!isWorkerStop(thrown)) throw thrown;
    }
  }
}

const isWorkerStop = (thrown: unknown): boolean =>
  thrown instanceof ActivityFailure && thrown.cause instanceof ApplicationFailure && thrown.cause.type === WORKER_SHUTDOWN;

const sourceOf = ({ input: { plan }, before: { clip } }: Look): ClipSource =>
  plan.clipsUrl === undefined ? { clip } : { clip, clipsUrl: plan.clipsUrl };

async function decide(look: Look): Promise<void> {
  const { plan } = look.input;
  const { decideAgain } = proxyLocalActivities<BackfillProxies>(STAGE_POLICIES.decide);
  const { cameraName, recordedStartAt } = look.before.clip;
  const { triggerClasses } = plan;
  const facts: PolicyFacts = { cameraName, recordedStartAt, triggerClasses, filter: look.filter, analysis: look.analysis };
  try {
    const { result, configHash } = await decideAgain({ facts, override: plan.overrides.policy ?? {} });
    look.decision = result;
    look.configHashes.policy = configHash;
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    look.error = errorOf('policy', policyFailure(thrown));
  }
}

/** Why a worker may have no policy for a backfill. */
const LOAD_FAILURES = ['OVERRIDE_REFUSED', 'PLUGIN_UNUSABLE'] as const satisfies readonly StageErrorCode[];

/** @param thrown what a local activity failed with, or why it did not run. */
function policyFailure(thrown: unknown): PluginFailure {
  const message = causesOf(thrown).at(-1)?.message ?? 'failed without a cause';
  const type = thrown instanceof ApplicationFailure ? thrown.type : undefined;
  return pluginFailure(LOAD_FAILURES.find((code) => code === type) ?? 'UNEXPECTED', message, thrown);
}

/** Only of what nobody was told of: a clip alerts once, whatever is found in it later. */
const isNews = ({ input, before, decision }: Look): boolean =>
  input.plan.channels.length > 0 && decision?.notify === true && !wasWorthAlert(before.findings) && !before.told;

/**
 * Tells every channel, and writes down what came of it: also when the run is called off meanwhile, so that no later run
 * repeats what one channel took.
 * @returns whether a channel took it.
 */
async function tell(look: Look): Promise<boolean> {
  const { batch, plan } = look.input;
  const { sendNotification } = proxyActivities<ActivityProxies>(BACKFILL_POLICIES.notify(batch));
  const alert = alertOf(look);
  const deliveries = await Promise.allSettled(
    plan.channels.map((channel) =>
      runStage(
        () => sendNotification({ channel, alert }),
        (failure) => ({ kind: 'NotifyError' as const, channel, ...blame(look, failure) }),
      ),
    ),
  );
  const outcomes = deliveries.flatMap((delivery) => (delivery.status === 'fulfilled' ? [delivery.value] : []));
  for (const outcome of outcomes) if (!outcome.ok) look.error = errorOf('notify', outcome.error.error);
  const told = outcomes.some((outcome) => outcome.ok);
  await CancellationScope.nonCancellable(() => record(look, told));
  for (const delivery of deliveries) if (delivery.status === 'rejected') throw delivery.reason;
  return told;
}

function alertOf({ before, filter, analysis, decision }: Look): ClipAlert {
  const { clipId, cameraName, recordedStartAt, durationMs, storageKey } = before.clip;
  const told = analysis.state === 'done' ? analysis.value : undefined;
  return {
    kind: 'clip',
    // The same for every backfill: channels that remember keys let no second one of this clip through.
    dedupeKey: `reanalysis-${clipId}`,
    revision: 1,
    clipId,
    cameraName,
    at: new Date().toISOString(),
    recordedStartAt,
    durationMs,
    notifyReason: decision?.notifyReason ?? '',
    detectedClasses: filter.state === 'done' ? filter.value.detectedClasses : [],
    ...(before.storageUri === undefined ? {} : { storageUri: before.storageUri, storageKey }),
    ...(filter.state === 'done' && filter.value.snapshotKey !== undefined ? { snapshotKey: filter.value.snapshotKey } : {}),
    ...(told === undefined ? {} : { riskLevel: told.riskLevel, activityType: told.activityType, summary: told.summary }),
    ...(told?.analysis === undefined ? {} : { analysis: told.analysis }),
    unverified: filter.state !== 'done',
    uploadFailed: false,
    vlmFailed: false,
    delayed: true,
  };
}

function take<T>(
  look: Look,
  stage: 'filter' | 'vlm',
  outcome: Result<Attempted<Configured<T>>, StageFailure<StageError>>,
): T | undefined {
  if (!outcome.ok) {
    look.error = errorOf(stage, outcome.error.error);
    return undefined;
  }
  const { result, configHash } = outcome.value.value;
  look.configHashes[stage] = configHash;
  return result;
}

const errorOf = (stage: string, { code, message }: Pick<PluginFailure, 'code' | 'message'>) => ({ stage, code, message });
const blame = ({ input }: Look, failure: PluginFailure) => ({ clipId: input.clipId, backend: 'unknown', ...failure });

/** Bytes that are gone for good are no fault of the run. */
const resultOf = ({ error }: Look): AnalysisRun['outcome'] => {
  if (error === undefined) return 'done';
  return error.code === 'CLIP_MISSING' ? 'skipped' : 'failed';
};

function afterOf({ filter, analysis, decision }: Look): ClipFindings {
  return {
    ...(filter.state === 'done' ? { filterResult: filter.value } : {}),
    ...(analysis.state === 'done' ? { analysisResult: analysis.value } : {}),
    ...(analysis.state === 'skipped' ? { vlmSkipReason: analysis.reason } : {}),
    ...(decision === undefined ? {} : { decision }),
  };
}

async function record(look: Look, told: boolean): Promise<void> {
  const { batch, clipId } = look.input;
  const { error, configHashes, before } = look;
  const findings = { before: before.findings, after: afterOf(look) };
  const why = error === undefined ? {} : { error };
  const { recordAnalysisRun } = proxyActivities<BackfillProxies>(BACKFILL_POLICIES.database(batch));
  await recordAnalysisRun({ batch, clipId, outcome: resultOf(look), ...findings, configHashes, ...why, told });
}

async function skipUnreadable({ batch, clipId }: ReanalyzeInput): Promise<ReanalyzeOutcome> {
  const { recordAnalysisRun } = proxyActivities<BackfillProxies>(BACKFILL_POLICIES.database(batch));
  const error = { stage: 'read', code: 'CLIP_MISSING', message: 'its state is gone or cannot be read' } as const;
  await recordAnalysisRun({ batch, clipId, outcome: 'skipped', before: {}, after: {}, configHashes: {}, error, told: false });
  return { outcome: 'skipped', promptTokens: 0, completionTokens: 0, described: false, told: false };
}

function outcomeOf(look: Look, told: boolean): ReanalyzeOutcome {
  const described = look.configHashes.vlm !== undefined && look.analysis.state === 'done' ? look.analysis.value : undefined;
  const change = alertChangeOf({ before: look.before.findings, after: afterOf(look) });
  return {
    outcome: resultOf(look),
    promptTokens: described?.promptTokens ?? 0,
    completionTokens: described?.completionTokens ?? 0,
    described: described !== undefined,
    ...(change === undefined ? {} : { alertChange: change }),
    told,
  };
}
