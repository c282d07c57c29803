import { randomUUID } from 'node:crypto';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type ClipId, workflowIdOf } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { STAGES, type Stage } from '../domain/stage-error.ts';

/** Where a clip can be taken back to: its beginning, or just before a stage was first asked for. */
export const RESET_POINTS = ['start', ...STAGES] as const;
export type ResetPoint = (typeof RESET_POINTS)[number];

const ACTIVITY_OF: Readonly<Record<Stage, string>> = {
  upload: 'uploadClip',
  filter: 'detectObjects',
  vlm: 'analyzeClip',
  notify: 'sendNotification',
};

/**
 * Takes a clip back to an earlier point, running or closed, as the reset button of the Temporal UI does: what it did before
 * that keeps its results, what came after is done again.
 * @returns why that is not possible, in words. Rejects when the server does not answer.
 */
export async function resetClip(client: Client, clipId: ClipId, point: ResetPoint): Promise<Result<void, string>> {
  const workflowId = workflowIdOf(clipId);
  const runId = await latestRunOf(client, workflowId);
  if (runId === undefined) return err('Temporal no longer knows the clip: `homesec clips retry` starts it again');
  const { events = [] } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const eventId =
    point === 'start'
      ? events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId
      : events?.find(({ activityTaskScheduledEventAttributes: asked }) => asked?.activityType?.name === ACTIVITY_OF[point])
          ?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId;
  if (eventId === undefined || eventId === null) return err(`the clip has not come to ${point} yet`);
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: eventId,
    reason: `homesec clips reset --to ${point}`,
    requestId: randomUUID(),
  });
  return ok(undefined);
}

async function latestRunOf(client: Client, workflowId: string): Promise<string | undefined> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).runId;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
