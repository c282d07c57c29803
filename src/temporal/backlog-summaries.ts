import type { Client } from '@temporalio/client';
import type { Activities } from '../domain/activities.ts';
import { BACKLOG_SIGNAL, backlogWorkflowIdOf, SUMMARIZE_BACKLOG, type SummarizeBacklogInput } from '../domain/backlog.ts';
import { PIPELINE_QUEUE } from '../domain/process-clip.ts';

/** How long the summary of a backlog waits for further clips: after the last one, and at most. */
export interface BacklogPatience {
  readonly quietMs: number;
  readonly limitMs: number;
}
const PATIENCE: BacklogPatience = { quietMs: 30_000, limitMs: 300_000 };

/** Adds a clip to the summary that its camera is collecting, or begins one. */
export function createAddToBacklog(client: () => Promise<Client | undefined>, patience = PATIENCE): Activities['addToBacklog'] {
  return async ({ cameraName, channels, entry }) => {
    const input: SummarizeBacklogInput = { cameraName, channels, ...patience };
    const found = await client();
    if (found === undefined) throw new Error('nobody knows yet where Temporal is');
    await found.workflow.signalWithStart(SUMMARIZE_BACKLOG, {
      taskQueue: PIPELINE_QUEUE,
      workflowId: backlogWorkflowIdOf(cameraName),
      args: [input],
      signal: BACKLOG_SIGNAL,
      signalArgs: [entry],
      staticSummary: `${cameraName} · unverified clips of a backlog`,
    });
  };
}
