import { ApplicationFailure, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { AcknowledgeRequest, RetryStageRequest, UpdateAnswer } from '../src/domain/process-clip.ts';
import type { Stage } from '../src/domain/stage-error.ts';
import { type ClipRun, failedStages, stateOf } from './clip-run.ts';
import { showDetails } from './details.ts';
import * as messages from './messages.ts';
import { isRepeatedByReset } from './reset-guard.ts';

/** Answers the clip's queries and updates. @returns the stages that a person wants retried, growing as updates come in. */
export function answerMessages(run: ClipRun): Stage[] {
  const retries: Stage[] = [];
  setHandler(messages.stateQuery, () => stateOf(run));
  setHandler(messages.unwrittenQuery, () => [...run.events.rest().unwritten]);
  setHandler(messages.retryStageUpdate, (request) => once(() => retry(run, retries, request)), {
    validator: (request: RetryStageRequest) => checkRetry(run, retries, request),
  });
  setHandler(messages.acknowledgeUpdate, (request) => once(() => acknowledge(run, request)), { validator: checkAcknowledge });
  return retries;
}

/** An update that a reset repeats has had its effect in the run before. */
function once(apply: () => void): UpdateAnswer {
  if (isRepeatedByReset()) return { applied: false };
  apply();
  return { applied: true };
}

function retry(run: ClipRun, retries: Stage[], { stage }: RetryStageRequest): void {
  run.events.emit({ eventType: 'stage_retried', stage });
  retries.push(stage);
}

function acknowledge(run: ClipRun, { by }: AcknowledgeRequest): void {
  run.acknowledgedBy = by;
  run.events.emit({ eventType: 'clip_acknowledged', by });
  upsertSearchAttributes([{ key: messages.CLIP_ACKNOWLEDGED, value: true }]);
  showDetails(run);
}

const ENDING =
  'the clip has ended and waits only for Postgres, or for its host to release it; after that `homesec clips retry` starts it again';

function checkRetry(run: ClipRun, retries: readonly Stage[], { stage }: RetryStageRequest): void {
  // Repeated at a moment when it would not be valid; the handler then does nothing with it.
  if (isRepeatedByReset()) return;
  const waiting = failedStages(run).filter((failed) => !retries.includes(failed));
  refuseUnless(run.status !== 'failed' && run.status !== 'done', ENDING);
  refuseUnless(run.parked, 'the clip is not parked: nothing waits for a retry');
  refuseUnless(waiting.includes(stage), `stage must be one of the failed ones: ${waiting.join(', ')}`);
}

function checkAcknowledge({ by }: AcknowledgeRequest): void {
  refuseUnless(typeof by === 'string' && by.trim() !== '', 'say who acknowledges: {"by":"…"}');
}

function refuseUnless(holds: boolean, message: string): void {
  if (!holds) throw ApplicationFailure.nonRetryable(message, 'UpdateRefused');
}
