import { condition, isCancellation, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow';
import type { ActivityProxies } from '../src/domain/activities.ts';
import type { AlertDecision, ClipAlert, HeldBack, PolicyFacts } from '../src/domain/alert.ts';
import { isSameNews } from '../src/domain/clip-memory.ts';
import type { FilterResult } from '../src/domain/detection.ts';
import { type ChannelDelivery, type ClipRun, deliveryState } from './clip-run.ts';
import { consultDesk, tellHearing } from './consult-desk.ts';
import { runStage } from './run-stage.ts';
import { STAGE_POLICIES } from './stage-policies.ts';
import { attemptsOf, blame, summary, trialOf } from './stages.ts';

/** Decides and delivers a clip's one alert, from first knowledge to last. */
export interface Alerting {
  /** Asks the policy with what is known now. A decision overtaken by a later one is dropped. */
  readonly judge: () => Promise<void>;
  /** Something that an alert already out should say has changed. */
  readonly update: () => void;
  /** Sends again over every channel that had failed. */
  readonly retry: () => void;
  /** Resolves when no channel is busy with a revision it owes. */
  readonly settled: () => Promise<void>;
}

export function createAlerting(run: ClipRun): Alerting {
  let judgements = 0;

  async function judge(): Promise<void> {
    judgements += 1;
    const judgement = judgements;
    const facts = factsOf(run);
    const decision = await decide(facts);
    if (run.recalling) await condition(() => !run.recalling);
    if (judgement !== judgements) return;
    run.decision = decision;
    emitDecision(run, facts, decision);
    if (decision.notify && run.content === 0 && run.delayed && isUnverified(run)) return summarize(run, decision);
    const heldBack = decision.heldBack ?? (decision.terms === undefined ? undefined : await consultDesk(run, decision));
    if (judgement !== judgements) return tellHearing(run);
    // An alert that is out is told the outcome also when it turns out harmless, or would be held back now.
    const isOut = run.content > 0 || hasAlerted(run);
    if (heldBack !== undefined && !isOut) return suppress(run, heldBack);
    if (decision.notify || isOut) revise();
  }

  function revise(): void {
    run.content += 1;
    for (const [channel, delivery] of run.deliveries) if (!busy.has(channel)) void deliver(channel, delivery);
  }

  const busy = new Set<string>();
  async function deliver(channel: string, delivery: ChannelDelivery): Promise<void> {
    busy.add(channel);
    try {
      while (deliveryState(run, delivery) === 'owed') {
        await send(run, channel, delivery);
        await tellHearing(run);
      }
    } catch (thrown) {
      // Nobody awaits a delivery; the clip's main course meets the same cancellation and ends it.
      if (!isCancellation(thrown)) throw thrown;
    } finally {
      busy.delete(channel);
    }
  }

  function retry(): void {
    for (const [channel, delivery] of run.deliveries) {
      if (delivery.error === undefined) continue;
      delete delivery.error;
      if (!busy.has(channel)) void deliver(channel, delivery);
    }
  }

  return {
    judge,
    update: () => {
      if (run.content > 0) revise();
    },
    retry,
    settled: () => condition(() => busy.size === 0),
  };
}

/** In an earlier run over the clip, too. */
const hasAlerted = (run: ClipRun): boolean => [...run.deliveries.values()].some(({ sentRevision }) => sentRevision > 0);

/** A policy that fails is no reason for silence: the owner hears of the clip, and of the fault. */
async function decide(facts: PolicyFacts): Promise<AlertDecision> {
  const { decideAlert } = proxyLocalActivities<ActivityProxies>(STAGE_POLICIES.decide);
  try {
    return await decideAlert(facts);
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown;
    return { notify: true, notifyReason: 'policy_failed' };
  }
}

function suppress(run: ClipRun, heldBack: HeldBack): void {
  run.decision = { notify: false, notifyReason: heldBack.reason, heldBack };
  run.events.emit({ eventType: 'alert_suppressed', ...heldBack });
}

/** A backlog's unverified alerts would come as a storm: this clip's is told together with the others of its camera, once. */
async function summarize(run: ClipRun, decision: AlertDecision): Promise<void> {
  if (run.summarized) return;
  run.summarized = true;
  const { clipId, cameraName, recordedStartAt, durationMs } = run.input.clip;
  const { addToBacklog } = proxyActivities<ActivityProxies>({ ...STAGE_POLICIES.summarize, summary: summary(run, 'summary') });
  await addToBacklog({ cameraName, channels: run.input.plan.channels, entry: { clipId, recordedStartAt, durationMs, decision } });
  run.events.emit({ eventType: 'alert_summarized' });
}

async function send(run: ClipRun, channel: string, delivery: ChannelDelivery): Promise<void> {
  const { sendNotification } = proxyActivities<ActivityProxies>({
    ...STAGE_POLICIES.notify,
    summary: summary(run, `notify ${channel}`),
  });
  if (run.recalling) await condition(() => !run.recalling);
  const { content } = run;
  // Counted by channel: what a channel has never had is no update to it.
  const alert = alertOf(run, delivery.sentRevision + 1);
  if (delivery.had !== undefined && isSameNews(delivery.had, alert)) {
    delivery.confirmedContent = content;
    return;
  }
  const outcome = await runStage(
    () => sendNotification({ channel, alert, runId: workflowInfo().runId }),
    (failure) => ({ kind: 'NotifyError' as const, channel, ...blame(run, failure) }),
  );
  run.trials.set(`notify ${channel}`, trialOf(outcome));
  for (const failed of attemptsOf(outcome)) {
    run.events.emit({ eventType: 'notification_failed', notifierName: channel, revision: alert.revision, ...failed });
  }
  if (!outcome.ok) {
    delivery.error = outcome.error.error;
    return;
  }
  const { attempt, durationMs, value: told } = outcome.value;
  const { dedupeKey, revision } = told ?? alert;
  delivery.sentRevision = revision;
  delete delivery.had;
  delivery.confirmedContent = content;
  run.events.emit({ eventType: 'notification_sent', notifierName: channel, dedupeKey, revision, attempt, durationMs });
}

function factsOf(run: ClipRun): PolicyFacts {
  const { cameraName, recordedStartAt } = run.input.clip;
  const { triggerClasses } = run.input.plan;
  return { cameraName, recordedStartAt, triggerClasses, filter: run.filter, analysis: run.analysis };
}

function emitDecision(run: ClipRun, facts: PolicyFacts, { notify, notifyReason }: AlertDecision): void {
  run.events.emit({
    eventType: 'alert_decision_made',
    shouldNotify: notify,
    reason: notifyReason,
    unverified: isUnverified(run),
    ...(facts.filter.state === 'done' ? { detectedClasses: facts.filter.value.detectedClasses } : {}),
    ...(facts.analysis.state === 'done' ? { vlmRisk: facts.analysis.value.riskLevel } : {}),
  });
}

const isUnverified = (run: ClipRun): boolean => run.filter.state !== 'done';

function alertOf(run: ClipRun, revision: number): ClipAlert {
  const { clipId, cameraName, recordedStartAt, durationMs, storageKey } = run.input.clip;
  return {
    kind: 'clip',
    dedupeKey: clipId,
    revision,
    clipId,
    cameraName,
    at: new Date().toISOString(),
    recordedStartAt,
    durationMs,
    // An alert that is out says what it is for, also where another one would be held back by now.
    notifyReason: run.decision?.heldBack?.alertReason ?? run.decision?.notifyReason ?? '',
    detectedClasses: run.filter.state === 'done' ? run.filter.value.detectedClasses : [],
    ...(run.upload.state === 'done' ? { storageUri: run.upload.value.storageUri, storageKey } : {}),
    ...(run.filter.state === 'done' ? pictureOf(run.filter.value) : {}),
    ...(run.grouped ? { grouped: true } : {}),
    ...analysisOf(run),
    unverified: isUnverified(run),
    uploadFailed: run.upload.state === 'failed',
    vlmFailed: run.analysis.state === 'failed',
    delayed: run.delayed,
  };
}

const pictureOf = ({ snapshotKey }: FilterResult) => (snapshotKey === undefined ? {} : { snapshotKey });

function analysisOf({ analysis }: ClipRun) {
  if (analysis.state !== 'done') return {};
  const { riskLevel, activityType, summary: text, analysis: sequence } = analysis.value;
  return { riskLevel, activityType, summary: text, ...(sequence === undefined ? {} : { analysis: sequence }) };
}
