import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { ActivityProxies } from '../src/domain/activities.ts';
import { assertNever } from '../src/domain/assert-never.ts';
import type { Instant } from '../src/domain/instant.ts';
import type { ProcessClipInput, ProcessClipResult } from '../src/domain/process-clip.ts';
import type { Stage } from '../src/domain/stage-error.ts';
import { type Alerting, createAlerting } from './alerting.ts';
import { answerMessages } from './answer-messages.ts';
import { type ClipLog, type ClipRun, createClipRun, emitParked, failedStages, reasonOf, stageErrors } from './clip-run.ts';
import { showDetails } from './details.ts';
import { createEventLog } from './event-log.ts';
import * as messages from './messages.ts';
import { isStartedAgain, recallAfterResets, recallBeginning } from './recall.ts';
import { onReset } from './reset-guard.ts';
import { STAGE_POLICIES } from './stage-policies.ts';
import { analyze, filter, upload } from './stages.ts';

/**
 * One clip's life: upload beside filter and model, an alert by its deadline, and an end only when nothing is owed any
 * more. A stage that failed for good parks the clip until a person has it retried, or until nobody did for too long.
 */
export async function processClip(input: ProcessClipInput): Promise<ProcessClipResult> {
  const { recordEvents } = proxyActivities<ActivityProxies>({ ...STAGE_POLICIES.record, summary: 'events' });
  const { clipId } = input.clip;
  const events: ClipLog = createEventLog({
    stamp: (event, stamp) => ({ ...event, ...stamp, clipId, generation: run.generation }),
    record: (batch) => recordEvents({ clipId, events: batch }),
  });
  const run = createClipRun(input, events);
  const alerting = createAlerting(run);
  const retries = answerMessages(run);
  void CancellationScope.nonCancellable(() => recallAfterResets(run));
  try {
    if (isStartedAgain()) await recallBeginning(run);
    emitBeginning(run);
    await processAll(run, alerting);
    while (failedStages(run).length > 0) await retryOrFail(run, alerting, retries);
    await finish(run, 'done');
    return { status: 'done', notified: run.content > 0 };
  } catch (thrown) {
    if (isCancellation(thrown)) await CancellationScope.nonCancellable(() => fail(run, 'cancelled'));
    throw thrown;
  }
}

function emitBeginning({ input: { clip, retryStage }, generation, events }: ClipRun): void {
  const { path, ...facts } = clip;
  events.emit({ eventType: 'clip_recorded', localPath: path, ...facts });
  if (generation > 1) events.emit({ eventType: 'clip_restarted', ...(retryStage === undefined ? {} : { stage: retryStage }) });
}

/** Everything a clip needs, each stage as early as it can. */
async function processAll(run: ClipRun, alerting: Alerting): Promise<void> {
  await Promise.all([uploadThenTell(run, alerting), lookThenJudge(run, alerting), alertByDeadline(run, alerting)]);
  await alerting.settled();
}

async function uploadThenTell(run: ClipRun, alerting: Alerting): Promise<void> {
  await upload(run);
  showDetails(run);
  alerting.update();
}

async function lookThenJudge(run: ClipRun, alerting: Alerting): Promise<void> {
  await filter(run);
  showDetails(run);
  await describeThenJudge(run, alerting);
}

async function describeThenJudge(run: ClipRun, alerting: Alerting): Promise<void> {
  await analyze(run);
  await alerting.judge();
  showDetails(run);
}

/** When analysis is not through by the deadline, the alert goes out with what is known. */
async function alertByDeadline(run: ClipRun, alerting: Alerting): Promise<void> {
  const { clip, plan } = run.input;
  let deadlineAt = Date.parse(clip.sealedAt) + plan.alertDeadlineMs;
  const grantNewDeadline = () => {
    run.delayed = true;
    deadlineAt = Date.now() + plan.alertDeadlineMs;
  };
  if (deadlineAt <= Date.now()) grantNewDeadline();
  onReset(grantNewDeadline);
  const analyzed = () => run.analysis.state !== 'pending';
  while (deadlineAt > Date.now()) if (await condition(analyzed, deadlineAt - Date.now())) return;
  await alerting.judge();
}

/** Waits, visibly parked, for a person to have a stage retried; throws when nobody does in time. */
async function retryOrFail(run: ClipRun, alerting: Alerting, retries: Stage[]): Promise<void> {
  run.status = 'parked';
  run.parked = true;
  run.parkedUntil = afterParking(run);
  showDetails(run);
  listStatus(run);
  emitParked(run);
  // Postgres may be away for long; a person who has seen to what failed does not wait for it.
  await Promise.race([run.events.flush(), condition(() => retries.length > 0)]);
  if (!(await waitForRetry(run, retries))) {
    await fail(run, `parked for too long: ${reasonOf(run)}`);
    throw ApplicationFailure.nonRetryable(reasonOf(run), 'StageFailed', ...stageErrors(run).map(([, error]) => error));
  }
  const wanted = retries.splice(0);
  run.status = run.upload.state === 'done' ? 'uploaded' : 'queued_local';
  delete run.parkedUntil;
  showDetails(run);
  listStatus(run);
  // The filter takes the model along.
  const retried = wanted.filter((stage) => stage !== 'vlm' || !wanted.includes('filter'));
  await Promise.all(retried.map((stage) => retryStage(run, alerting, stage)));
  await alerting.settled();
}

const afterParking = ({ input }: ClipRun): Instant => new Date(Date.now() + input.plan.parkForMs).toISOString();

/** @returns false when nobody has a stage retried in time. The timer that a reset takes along may be over; the run then waits as long once more. */
async function waitForRetry(run: ClipRun, retries: readonly Stage[]): Promise<boolean> {
  let grantedUntilMs = 0;
  onReset(() => {
    if (run.status !== 'parked') return;
    run.parkedUntil = afterParking(run);
    grantedUntilMs = Date.parse(run.parkedUntil);
    showDetails(run);
  });
  for (let waitMs = run.input.plan.parkForMs; waitMs > 0; waitMs = grantedUntilMs - Date.now()) {
    if (await condition(() => retries.length > 0, waitMs)) return true;
  }
  return false;
}

function retryStage(run: ClipRun, alerting: Alerting, stage: Stage): Promise<void> {
  switch (stage) {
    case 'upload':
      return uploadThenTell(run, alerting);
    case 'filter':
      return lookThenJudge(run, alerting);
    case 'vlm':
      return describeThenJudge(run, alerting);
    case 'notify':
      alerting.retry();
      return Promise.resolve();
    default:
      return assertNever(stage);
  }
}

async function fail(run: ClipRun, reason: string): Promise<void> {
  run.events.emit({ eventType: 'clip_failed', stages: failedStages(run), reason });
  await finish(run, 'failed');
}

/** Records the final state; only then lets go of the clip in the spool, so that no crash in between can lose it. */
async function finish(run: ClipRun, status: 'done' | 'failed'): Promise<void> {
  await condition(allHandlersFinished);
  if (status === 'done') run.events.emit({ eventType: 'clip_done' });
  run.status = status;
  showDetails(run);
  await run.events.flush();
  const { clipId, hostId } = run.input.clip;
  const { releaseClip } = proxyActivities<ActivityProxies>({ ...STAGE_POLICIES.release(hostId), summary: 'release' });
  await releaseClip({ clipId, uploaded: run.upload.state === 'done' });
  // An acknowledgement may have come in meanwhile.
  await run.events.flush();
  // In the task that ends the workflow: the server then writes both into its list at once.
  listStatus(run);
}

/** Makes the status a thing to search by in Temporal, in the words that Postgres uses. */
function listStatus(run: ClipRun): void {
  const [first] = stageErrors(run);
  upsertSearchAttributes([
    { key: messages.CLIP_STATUS, value: run.status },
    { key: messages.CLIP_STAGE, value: first?.[0] ?? null },
    { key: messages.CLIP_ERROR_CODE, value: first?.[1].code ?? null },
    { key: messages.CLIP_LABELS, value: run.filter.state === 'done' ? [...run.filter.value.detectedClasses] : null },
  ]);
}
