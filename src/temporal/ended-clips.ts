import type { Client } from '@temporalio/client';
import { type ClipId, clipIdOf } from '../domain/ids.ts';
import { PROCESS_CLIP } from '../domain/process-clip.ts';
import { type ClipRunRecord, readRun } from './clip-history.ts';
import { isLatestRun } from './latest-run.ts';

/** A clip's latest run, ended from outside. */
export interface EndedRun {
  readonly clipId: ClipId;
  readonly runId: string;
  readonly endedAt: Date;
  readonly reason: string;
  readonly record: ClipRunRecord;
}

/** Whoever ends by itself has said so in its status. */
const ENDED_FROM_OUTSIDE = `WorkflowType = "${PROCESS_CLIP}" AND ExecutionStatus IN ("Terminated", "TimedOut", "Failed", "Canceled")
  AND ClipStatus NOT IN ("done", "failed")`;

/**
 * The clips whose latest run was ended from outside, newest end first. Rejects when the server does not answer.
 * @param isKnown spares the look into histories of clips whose end is recorded.
 */
export async function* endedRuns(client: Client, isKnown: (clipId: ClipId) => Promise<boolean>): AsyncGenerator<EndedRun> {
  for await (const run of client.workflow.list({ query: ENDED_FROM_OUTSIDE })) {
    const clipId = clipIdOf(run.workflowId);
    if (clipId === undefined || run.closeTime === undefined) continue;
    if ((await isKnown(clipId)) || !(await isLatestRun(client, run))) continue;
    const record = await readRun(client, run.workflowId, run.runId);
    const said = record.terminatedFor === undefined ? '' : `: ${record.terminatedFor}`;
    yield { clipId, runId: run.runId, endedAt: run.closeTime, reason: `${ENDINGS[run.status.name] ?? 'ended'}${said}`, record };
  }
}

const ENDINGS: Readonly<Record<string, string>> = { TERMINATED: 'terminated in Temporal', TIMED_OUT: 'timed out in Temporal' };
