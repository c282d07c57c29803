import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { STAGE_ERROR_CODES, type StageErrorCode } from '../src/domain/stage-error.ts';
import type { StageOutcome } from '../src/health/stage-metrics.ts';

/** Tells how each attempt ends. Stands before `stageInterceptor`, so that it sees what Temporal sees. */
export const createStageObserver =
  (tell: (outcome: StageOutcome) => void): ActivityInterceptorsFactory =>
  ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const startedAt = performance.now();
        const tellOutcome = (failure?: StageOutcome['failure']): void =>
          tell({
            activity: info.activityType,
            seconds: (performance.now() - startedAt) / 1000,
            ...(failure === undefined ? {} : { failure }),
            ...aboutOf(input.args[0]),
          });
        try {
          const answer = await next(input);
          tellOutcome();
          return answer;
        } catch (error) {
          tellOutcome(failureOf(error));
          throw error;
        }
      },
    },
  });

/** Inputs of `Activities`: of a notification its channel, of an upload its clip. */
function aboutOf(input: unknown): Pick<StageOutcome, 'channel' | 'sizeBytes'> {
  const { channel, clip } = (input ?? {}) as { readonly channel?: string; readonly clip?: { readonly sizeBytes: number } };
  return { ...(channel === undefined ? {} : { channel }), ...(clip === undefined ? {} : { sizeBytes: clip.sizeBytes }) };
}

function failureOf(error: unknown): NonNullable<StageOutcome['failure']> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CancelledFailure) return { code: 'CANCELLED', message };
  const [detail] = error instanceof ApplicationFailure ? (error.details ?? []) : [];
  return { code: codeOf(detail) ?? 'THROWN', message };
}

function codeOf(detail: unknown): StageErrorCode | undefined {
  if (typeof detail !== 'object' || detail === null || !('code' in detail)) return undefined;
  return Object.hasOwn(STAGE_ERROR_CODES, String(detail.code)) ? (detail.code as StageErrorCode) : undefined;
}
