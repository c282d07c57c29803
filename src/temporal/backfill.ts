import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionInfo,
  type WorkflowExecutionStatusName,
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

/** Undefined: Temporal has no such backfill, or no longer. Unless it ended by itself a worker has to run, as for every query. */
export async function backfillProgress(client: Client, batch: string): Promise<BackfillProgress | undefined> {
  try {
    return await progressOf(client, await client.workflow.getHandle(backfillWorkflowIdOf(batch)).describe());
  } catch (cause) {
    if (cause instanceof WorkflowNotFoundError) return undefined;
    throw cause;
  }
}

type SeenRun = Pick<WorkflowExecutionInfo, 'workflowId' | 'status'>;

async function progressOf(client: Client, run: SeenRun): Promise<BackfillProgress> {
  const handle = client.workflow.getHandle<() => Promise<BackfillProgress>>(run.workflowId);
  if (run.status.name === 'COMPLETED') return handle.result();
  const progress = await handle.query<BackfillProgress>(PROGRESS_QUERY);
  if (!isStopped(run)) return progress;
  const { pausedBecause: _pausedBecause, ...rest } = progress;
  return { ...rest, state: 'stopped', inHand: 0 };
}

const ENDED_FROM_OUTSIDE: readonly WorkflowExecutionStatusName[] = ['FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'];
const isStopped = ({ status }: SeenRun): boolean => ENDED_FROM_OUTSIDE.includes(status.name);

type BackfillState = BackfillProgress['state'];

/** A worker that runs answers sooner. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * What has become of each backfill that Temporal still knows, by name. One listing tells which were ended from outside; how
 * another ended stands in its result, and only of those that run a worker is asked: undefined where none answers.
 */
export async function backfillStates(client: Client): Promise<ReadonlyMap<string, BackfillState | undefined>> {
  const states = new Map<string, Promise<BackfillState | undefined>>();
  // The latest run of each comes first.
  for await (const run of client.workflow.list({ query: LATEST_PAGES })) {
    const batch = run.workflowId.slice(backfillWorkflowIdOf('').length);
    if (!states.has(batch)) states.set(batch, stateOf(client, run));
  }
  return new Map(await Promise.all([...states].map(async ([batch, state]) => [batch, await state] as const)));
}

const LATEST_PAGES = `WorkflowType = "${BACKFILL_ANALYSIS}" AND ExecutionStatus != "ContinuedAsNew"`;

async function stateOf(client: Client, run: SeenRun): Promise<BackfillState | undefined> {
  if (isStopped(run)) return 'stopped';
  const answer = client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => progressOf(client, run));
  return answer.then(
    ({ state }) => state,
    () => undefined,
  );
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
