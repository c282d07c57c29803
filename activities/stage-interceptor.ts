import type { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Attempted, FailedAttempt } from '../src/domain/activities.ts';
import type { Result } from '../src/domain/result.ts';
import { isRetryable, type StageError } from '../src/domain/stage-error.ts';
import { carriedAttempts, heartbeat } from './heartbeat.ts';

/** Earlier attempts kept for the record; of a long outage the first and the latest tell enough. */
const ATTEMPTS_KEPT = 20;

/**
 * Where a stage's `Result` crosses into Temporal: an error becomes a typed failure, so that the server retries it by the
 * stage's own policy and shows it in red; a value travels with its attempts. Activities that answer with anything else
 * pass unchanged.
 */
export const stageInterceptor: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      const startedAt = performance.now();
      const answer: unknown = await next(input);
      if (!isResult(answer)) return answer;
      if (answer.ok) return attempted(context, answer.value, Math.round(performance.now() - startedAt));
      throw failure(context, answer.error);
    },
  },
});

function attempted<T>(context: Context, value: T, durationMs: number): Attempted<T> {
  return { value, attempt: context.info.attempt, durationMs, failedAttempts: carriedAttempts(context) };
}

function failure(context: Context, error: StageError): ApplicationFailure {
  const { attempt } = context.info;
  const earlier = carriedAttempts(context);
  const failed: FailedAttempt = { attempt, errorType: error.kind, errorCode: error.code, errorMessage: error.message };
  // Heartbeat details outlive the attempt: the next one finds there what this one met.
  heartbeat(context, { failedAttempts: [...earlier.slice(0, 1), ...earlier.slice(1).slice(2 - ATTEMPTS_KEPT), failed] });
  const retryable = isRetryable(error.code);
  return ApplicationFailure.create({
    type: error.kind,
    message: `${error.code}: ${error.message}`,
    details: [error, attempt, earlier],
    nonRetryable: !retryable,
    ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    // An attempt that will be repeated is no alarm.
    ...(retryable ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

function isResult(answer: unknown): answer is Result<unknown, StageError> {
  return typeof answer === 'object' && answer !== null && 'ok' in answer && typeof answer.ok === 'boolean';
}
