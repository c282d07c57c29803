import {
  ActivityFailure,
  condition,
  isCancellation,
  proxyActivities,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActivityProxies } from '../src/domain/activities.ts';
import type { ClipMemory } from '../src/domain/clip-memory.ts';
import { type ClipRun, emitParked } from './clip-run.ts';
import * as messages from './messages.ts';
import { onReset } from './reset-guard.ts';
import { STAGE_POLICIES } from './stage-policies.ts';

/**
 * Whether somebody started this run again, by hand or by command: the arguments are those of an earlier run, only what the
 * hand-over puts beside them is missing.
 */
export const isStartedAgain = (): boolean => workflowInfo().memo?.['sha256'] === undefined;

/** Makes of a run that was started again the next generation, which repeats nothing that was delivered. */
export async function recallBeginning(run: ClipRun): Promise<void> {
  const { cameraName, recordedStartAt } = run.input.clip;
  // What stands there may be missing, or be that of the run that this one was made like.
  upsertSearchAttributes([
    { key: messages.CLIP_CAMERA, value: cameraName },
    { key: messages.CLIP_RECORDED_AT, value: new Date(recordedStartAt) },
    { key: messages.CLIP_STATUS, value: run.status },
    { key: messages.CLIP_STAGE, value: null },
    { key: messages.CLIP_ERROR_CODE, value: null },
  ]);
  const memory = await recall();
  run.generation = Math.max(run.generation, (memory?.generation ?? run.input.generation) + 1);
  // Nothing can be found out: who may have had the alert gets an update and not a second one.
  if (memory === undefined) for (const delivery of run.deliveries.values()) delivery.sentRevision ||= 1;
  else remember(run, memory);
}

/** After each reset, what the former run did beyond the reset point is not done again. Never ends by itself. */
export async function recallAfterResets(run: ClipRun): Promise<void> {
  let [resets, told] = [0, 0];
  onReset(() => {
    resets += 1;
    // At once: a delivery may be due in this very task.
    run.recalling = true;
  });
  for (;;) {
    await condition(() => resets > told);
    told = resets;
    tellReset(run);
    const memory = await recall();
    if (memory !== undefined) remember(run, memory);
    run.recalling = resets > told;
  }
}

/** A run that has told its end does nothing again. One that waits for a person tells so again, whatever the former run told after it. */
function tellReset(run: ClipRun): void {
  if (run.status === 'done' || run.status === 'failed') return;
  run.events.emit({ eventType: 'clip_restarted', reset: true });
  if (run.status === 'parked') emitParked(run);
}

/** @returns undefined when Temporal cannot tell in time; the alert does not wait for it any longer. */
async function recall(): Promise<ClipMemory | undefined> {
  const { recallClip } = proxyActivities<ActivityProxies>({ ...STAGE_POLICIES.recall, summary: 'what other runs did' });
  try {
    return await recallClip({ originalRunId: workflowInfo().originalExecutionRunId });
  } catch (thrown) {
    if (isCancellation(thrown) || !(thrown instanceof ActivityFailure)) throw thrown;
    return undefined;
  }
}

function remember(run: ClipRun, { delivered, summarized }: ClipMemory): void {
  run.summarized ||= summarized;
  for (const [channel, delivery] of run.deliveries) {
    const had = delivered[channel];
    if (had === undefined || had.revision < delivery.sentRevision) continue;
    delivery.sentRevision = had.revision;
    delivery.had = had;
  }
}
