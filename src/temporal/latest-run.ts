import { type Client, type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';

/** Whether no other run has taken a run's place: a reset ends the run that it goes on from, and a clip may be started again. */
export async function isLatestRun(
  client: Client,
  { workflowId, runId }: Pick<WorkflowExecutionInfo, 'workflowId' | 'runId'>,
): Promise<boolean> {
  try {
    const latest = await client.workflow.getHandle(workflowId).describe();
    return latest.runId === runId;
  } catch (error) {
    // The list may still show what the server has forgotten since.
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
