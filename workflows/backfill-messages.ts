import { ApplicationFailure, defineQuery, defineUpdate, setCurrentDetails, setHandler } from '@temporalio/workflow';
import {
  type BackfillProgress,
  CANCEL_UPDATE,
  MAX_CONCURRENCY,
  PAUSE_UPDATE,
  PROGRESS_QUERY,
  RESUME_UPDATE,
  SET_CONCURRENCY_UPDATE,
} from '../src/domain/backfill.ts';
import { type BackfillRun, detailsOf, progressOf } from './backfill-run.ts';
import { isRepeatedByReset } from './reset-guard.ts';

const pauseUpdate = defineUpdate<BackfillProgress>(PAUSE_UPDATE);
const resumeUpdate = defineUpdate<BackfillProgress>(RESUME_UPDATE);
const setConcurrencyUpdate = defineUpdate<BackfillProgress, [number]>(SET_CONCURRENCY_UPDATE);
const cancelUpdate = defineUpdate<BackfillProgress>(CANCEL_UPDATE);
const progressQuery = defineQuery<BackfillProgress>(PROGRESS_QUERY);

/** Answers the query and the updates of a backfill. Each update answers with what then is; sent twice, it changes nothing. */
export function answerBackfillMessages(run: BackfillRun, callOff: () => void): void {
  const answer = (change: () => void): BackfillProgress => {
    // What a reset repeats had its effect in the run before.
    if (!isRepeatedByReset()) change();
    setCurrentDetails(detailsOf(run));
    return progressOf(run);
  };
  setHandler(progressQuery, () => progressOf(run));
  setHandler(pauseUpdate, () => answer(() => void (run.pausedBecause ??= 'as asked')));
  setHandler(resumeUpdate, () =>
    answer(() => {
      run.pausedBecause = undefined;
      run.forgiven = run.counts.failed;
    }),
  );
  setHandler(setConcurrencyUpdate, (count) => answer(() => void (run.concurrency = count)), { validator: checkConcurrency });
  setHandler(cancelUpdate, () =>
    answer(() => {
      run.state = 'cancelled';
      callOff();
    }),
  );
}

function checkConcurrency(count: unknown): void {
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= MAX_CONCURRENCY) return;
  throw ApplicationFailure.nonRetryable(`give a whole number from 1 to ${MAX_CONCURRENCY}`, 'UpdateRefused');
}
