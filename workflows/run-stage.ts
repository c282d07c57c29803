import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { Attempted, FailedAttempt } from '../src/domain/activities.ts';
import { err, ok, type Result } from '../src/domain/result.ts';
import { causesOf, type PluginFailure, pluginFailure, type StageError } from '../src/domain/stage-error.ts';

/** How a stage ended for good: its last error, and the attempts before the last. */
export interface StageFailure<E extends StageError> {
  readonly error: E;
  /** The number of the last attempt, when the server knows it. */
  readonly attempt: number;
  readonly failedAttempts: readonly FailedAttempt[];
}

/** What the activity side puts into the details of a failure. */
export type FailureDetails = [error: StageError, attempt: number, failedAttempts: readonly FailedAttempt[]];

/**
 * Turns the final failure of a stage's activity back into a value. Cancellation and defects of the workflow go on as
 * exceptions.
 * @param complete makes a whole stage error of a failure that never reached our code, such as a timeout.
 */
export async function runStage<T, E extends StageError>(
  call: () => Promise<Attempted<T>>,
  complete: (failure: PluginFailure) => E,
): Promise<Result<Attempted<T>, StageFailure<E>>> {
  try {
    return ok(await call());
  } catch (thrown) {
    if (isCancellation(thrown) || !(thrown instanceof ActivityFailure)) throw thrown;
    return err(stageFailure(thrown.cause, complete));
  }
}

function stageFailure<E extends StageError>(cause: unknown, complete: (failure: PluginFailure) => E): StageFailure<E> {
  if (cause instanceof TimeoutFailure) {
    const error = complete(pluginFailure('STAGE_TIMED_OUT', `no answer in time (${cause.timeoutType})`, cause));
    return { error, attempt: 1, failedAttempts: [] };
  }
  if (cause instanceof ApplicationFailure && isFailureDetails(cause.details)) {
    const [error, attempt, failedAttempts] = cause.details;
    const { code, message, causes } = error;
    return { error: { ...complete({ code, message, causes }), backend: error.backend }, attempt, failedAttempts };
  }
  const [outermost] = causesOf(cause);
  const message = outermost === undefined ? 'failed without a cause' : `${outermost.name}: ${outermost.message}`;
  return { error: complete(pluginFailure('UNEXPECTED', message, cause)), attempt: 1, failedAttempts: [] };
}

function isFailureDetails(details: readonly unknown[] | undefined | null): details is FailureDetails {
  return Array.isArray(details) && details.length === 3 && typeof details[0] === 'object' && Array.isArray(details[2]);
}
