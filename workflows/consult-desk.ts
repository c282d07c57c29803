import { ActivityFailure, getExternalWorkflowHandle, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { ActivityProxies } from '../src/domain/activities.ts';
import type { AlertDecision, HeldBack } from '../src/domain/alert.ts';
import {
  alertDeskIdOf,
  type DeskAnswer,
  type DeskClip,
  type DeskRequest,
  HEARING_SIGNAL,
  type Hearing,
} from '../src/domain/alert-desk.ts';
import { type ClipRun, deliveryState } from './clip-run.ts';
import { STAGE_POLICIES } from './stage-policies.ts';
import { summary } from './stages.ts';

/**
 * Asks the camera's alert desk whether a clip may alert under the terms of its decision, and has its alert go with those of the
 * same visit where they say so.
 * @returns undefined: it may. So it is also when the desk does not answer: nobody misses an alert for its sake.
 */
export async function consultDesk(run: ClipRun, { notifyReason, terms }: AlertDecision): Promise<HeldBack | undefined> {
  if (terms === undefined) return undefined;
  if (terms.coolDownMs !== undefined) run.unheard ??= false;
  const { cameraName } = run.input.clip;
  const answer = await askDesk(run, { cameraName, clip: deskClipOf(run), terms });
  if (answer?.answer === 'cool_down') return { reason: answer.answer, until: answer.until, alertReason: notifyReason };
  if (answer !== undefined && terms.visitGapMs !== undefined && !hasOwnAlert(run)) run.grouped = true;
  return undefined;
}

/** What a channel has had as an alert of its own stays one. */
const hasOwnAlert = (run: ClipRun): boolean =>
  run.content > 0 || [...run.deliveries.values()].some(({ sentRevision, had }) => sentRevision > 0 && had?.grouped !== true);

/**
 * Has a clip hold no other back of which nobody has heard, or will: every channel refused its alert, or it gave none after all.
 * To be called after each delivery, and when the desk was asked in vain.
 */
export async function tellHearing(run: ClipRun): Promise<void> {
  const deliveries = [...run.deliveries.values()];
  const unheard = deliveries.every(({ sentRevision }) => sentRevision === 0);
  // What is still owed changes nothing: two signals on their way at once might change places.
  if (unheard && deliveries.some((delivery) => deliveryState(run, delivery) === 'owed')) return;
  if (run.unheard === undefined || unheard === run.unheard) return;
  run.unheard = unheard;
  const { cameraName, clipId } = run.input.clip;
  try {
    await getExternalWorkflowHandle(alertDeskIdOf(cameraName)).signal<[Hearing]>(HEARING_SIGNAL, { clipId, unheard });
  } catch (thrown) {
    // A desk that is gone holds nothing back.
    if (isCancellation(thrown)) throw thrown;
  }
}

async function askDesk(run: ClipRun, request: DeskRequest): Promise<DeskAnswer | undefined> {
  const { askDesk: ask } = proxyActivities<ActivityProxies>({ ...STAGE_POLICIES.askDesk, summary: summary(run, 'alert desk') });
  try {
    return await ask(request);
  } catch (thrown) {
    if (isCancellation(thrown) || !(thrown instanceof ActivityFailure)) throw thrown;
    return undefined;
  }
}

function deskClipOf({ input: { clip, plan }, filter, analysis }: ClipRun): DeskClip {
  const { clipId, recordedStartAt, recordedEndAt, eventId } = clip;
  const seen = filter.state === 'done' ? filter.value.detectedClasses : ['unverified'];
  const triggers = seen.filter((className) => plan.triggerClasses.includes(className));
  const classes = [triggers, seen].find((some) => some.length > 0) ?? ['motion'];
  const risk = analysis.state === 'done' ? { riskLevel: analysis.value.riskLevel } : {};
  return { clipId, recordedStartAt, recordedEndAt, ...(eventId === undefined ? {} : { eventId }), classes, ...risk };
}
