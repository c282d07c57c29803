import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import {
  BACKFILL_ANALYSIS,
  type BackfillInput,
  type BackfillProgress,
  backfillPriority,
  backfillWorkflowIdOf,
  type CANCEL_UPDATE,
  type PAUSE_UPDATE,
  PROGRESS_QUERY,
  type RESUME_UPDATE,
  type SET_CONCURRENCY_UPDATE,
} from '../domain/backfill.ts';
import { PIPELINE_QUEUE, SEARCH_ATTRIBUTES } from '../domain/process-clip.ts';

const BATCH = defineSearchAttributeKey('ClipBatch', SEARCH_ATTRIBUTES.ClipBatch);

/** @returns false when there is, or was, another backfill of this name. */
export async function startBackfill(client: Client, input: BackfillInput): Promise<boolean> {
  const { batch } = input;
  try {
    await client.workflow.start(BACKFILL_ANALYSIS, {
      taskQueue: PIPELINE_QUEUE,
      workflowId: backfillWorkflowIdOf(batch),
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      args: [input],
      staticSummary: `backfill ${batch}`,
      priority: backfillPriority(batch),
      typedSearchAttributes: new TypedSearchAttributes([{ key: BATCH, value: batch }]),
    });
    return true;
  } catch (cause) {
    if (cause instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw cause;
  }
}

/** Undefined: Temporal has no such backfill, or no longer. A worker has to run, as for every query. */
export async function backfillProgress(client: Client, batch: string): Promise<BackfillProgress | undefined> {
  const handle = client.workflow.getHandle(backfillWorkflowIdOf(batch));
  try {
    const { status } = await handle.describe();
    const progress = await handle.query<BackfillProgress>(PROGRESS_QUERY);
    const isOver = status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW';
    const claimsToRun = progress.state === 'running' || progress.state === 'paused';
    if (!isOver || !claimsToRun) return progress;
    const { pausedBecause: _pausedBecause, ...rest } = progress;
    return { ...rest, state: 'stopped', inHand: 0 };
  } catch (cause) {
    if (cause instanceof WorkflowNotFoundError) return undefined;
    throw cause;
  }
}

export type BackfillUpdate = typeof PAUSE_UPDATE | typeof RESUME_UPDATE | typeof SET_CONCURRENCY_UPDATE | typeof CANCEL_UPDATE;

/** Sends an update to a running backfill. Throws what the client throws. */
export function updateBackfill(
  client: Client,
  batch: string,
  update: BackfillUpdate,
  concurrency?: number,
): Promise<BackfillProgress> {
  const handle = client.workflow.getHandle(backfillWorkflowIdOf(batch));
  if (concurrency === undefined) return handle.executeUpdate<BackfillProgress, []>(update);
  return handle.executeUpdate<BackfillProgress, [number]>(update, { args: [concurrency] });
}
