import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { PIPELINE_QUEUE } from '../domain/process-clip.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** Longest that one call may take when the server does not answer. */
const ANSWER_WITHIN_MS = 5_000;
/** A run that was missed for longer than this is left out; the next one is never far. */
const CATCH_UP_WITHIN_MS = 3_600_000;

/** A workflow that the server starts again and again, on the queue of the pipeline. Never two at once: a turn that finds one running is left out. */
export interface RecurringWorkflow {
  /** Names the schedule, and with the time behind it each run. */
  readonly scheduleId: string;
  readonly workflowType: string;
  readonly args: readonly unknown[];
  /** From turn to turn, counted from midnight UTC of 1970-01-01; so 24 h means the same time every day. */
  readonly everyMs: number;
  /** How much later than those times; below `everyMs`. */
  readonly offsetMs?: number;
  /** What it is for, as the Temporal UI shows it with each run. */
  readonly summary: string;
}

/** The server did not take the schedule; later it may. */
export interface ScheduleFailure {
  readonly message: string;
  readonly cause: unknown;
}

/**
 * Makes the schedule be as it is told here, whether it is there or not: to be called at each start, by as many processes as like.
 * What a person has done to it stays: a schedule that was paused stays paused.
 */
export function ensureSchedule(client: Client, recurring: RecurringWorkflow): Promise<Result<void, ScheduleFailure>> {
  return asked(client, async () => {
    const options = optionsOf(recurring);
    try {
      await client.schedule.create({ scheduleId: recurring.scheduleId, ...options });
    } catch (thrown) {
      if (!(thrown instanceof ScheduleAlreadyRunning)) throw thrown;
      await client.schedule.getHandle(recurring.scheduleId).update(({ state }) => {
        const { paused, note } = state;
        return { ...options, state: { paused, ...(note === undefined ? {} : { note }) } };
      });
    }
  });
}

/** Takes a schedule away; one that is not there is success. What it has started runs on. */
export function removeSchedule(client: Client, scheduleId: string): Promise<Result<void, ScheduleFailure>> {
  return asked(client, async () => {
    try {
      await client.schedule.getHandle(scheduleId).delete();
    } catch (thrown) {
      if (!(thrown instanceof ScheduleNotFoundError)) throw thrown;
    }
  });
}

function optionsOf(
  recurring: RecurringWorkflow,
): Omit<ScheduleOptions<ScheduleOptionsStartWorkflowAction<Workflow>>, 'scheduleId'> {
  const { scheduleId, workflowType, args, everyMs, offsetMs = 0, summary } = recurring;
  return {
    spec: { intervals: [{ every: everyMs, offset: offsetMs }] },
    action: {
      type: 'startWorkflow',
      workflowType,
      args: [...args],
      taskQueue: PIPELINE_QUEUE,
      workflowId: scheduleId,
      staticSummary: summary,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_WITHIN_MS, pauseOnFailure: false },
  };
}

async function asked(client: Client, ask: () => Promise<void>): Promise<Result<void, ScheduleFailure>> {
  try {
    await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, ask);
    return ok(undefined);
  } catch (cause) {
    return err({ message: cause instanceof Error ? cause.message : String(cause), cause });
  }
}
