import { type Client, type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import type { ClipEvent } from '../domain/events.ts';
import { type ClipId, clipIdOf } from '../domain/ids.ts';
import { PROCESS_CLIP, type ProcessClipInput, UNWRITTEN_QUERY } from '../domain/process-clip.ts';
import { eventsOf, readRun } from './clip-history.ts';
import { isLatestRun } from './latest-run.ts';

/** A clip's run that was ended from outside. */
export interface EndedRun {
  readonly clipId: ClipId;
  readonly runId: string;
  readonly endedAt: Date;
  readonly reason: string;
  /** False: a reset or a new start has taken its place, and the clip may live. */
  readonly isLatest: boolean;
  readonly input: ProcessClipInput;
  /** What it may not have got written; some of it may be there already. */
  readonly events: readonly ClipEvent[];
}

export interface EndedRunsOptions {
  /** Spares the look at a run whose story is written. */
  readonly isTold: (runId: string) => boolean;
  /** The same for the latest run of a clip whose end is recorded. */
  readonly isOver: (clipId: ClipId) => Promise<boolean>;
  /** A history that cannot be read holds up no other. */
  readonly onUnreadable: (clipId: ClipId, cause: unknown) => void;
}

/** Whoever ends by itself has said so in its status. */
const ENDED_FROM_OUTSIDE = `WorkflowType = "${PROCESS_CLIP}" AND ExecutionStatus IN ("Terminated", "TimedOut", "Failed", "Canceled")
  AND ClipStatus NOT IN ("done", "failed")`;

const ENDINGS: Readonly<Record<string, string>> = { TERMINATED: 'terminated in Temporal', TIMED_OUT: 'timed out in Temporal' };

/** Newest end first. Rejects when the server does not answer. */
export async function* endedRuns(client: Client, { isTold, isOver, onUnreadable }: EndedRunsOptions): AsyncGenerator<EndedRun> {
  for await (const run of client.workflow.list({ query: ENDED_FROM_OUTSIDE })) {
    const clipId = clipIdOf(run.workflowId);
    if (clipId === undefined || run.closeTime === undefined || isTold(run.runId)) continue;
    const isLatest = await isLatestRun(client, run);
    if (isLatest && (await isOver(clipId))) continue;
    const read = await readEnd(client, run).catch((cause: unknown) => {
      // Forgotten meanwhile.
      if (!(cause instanceof WorkflowNotFoundError)) onUnreadable(clipId, cause);
    });
    if (read !== undefined) yield { clipId, runId: run.runId, endedAt: run.closeTime, isLatest, ...read };
  }
}

async function readEnd(client: Client, run: WorkflowExecutionInfo): Promise<Pick<EndedRun, 'reason' | 'input' | 'events'>> {
  const record = await readRun(client, run.workflowId, run.runId);
  if (record.input === undefined) throw new Error('it was started with something else than a clip');
  const said = record.terminatedFor === undefined ? '' : `: ${record.terminatedFor}`;
  const asked = eventsOf(record);
  const events = new Map([...asked, ...(await unwrittenBy(client, run))].map((event) => [event.id, event]));
  return { input: record.input, reason: `${ENDINGS[run.status.name] ?? 'ended'}${said}`, events: [...events.values()] };
}

/** Longest that a worker may take to go through a history once more. */
const REPLAY_WITHIN_MS = 10_000;

/**
 * What a run had not yet asked to be written: it is in no history, but a worker that goes through the history comes to it again.
 * None where no worker can; then the rest of its story has to do.
 */
async function unwrittenBy(client: Client, { workflowId, runId }: WorkflowExecutionInfo): Promise<readonly ClipEvent[]> {
  const handle = client.workflow.getHandle(workflowId, runId);
  try {
    return await client.withDeadline(Date.now() + REPLAY_WITHIN_MS, () => handle.query<readonly ClipEvent[]>(UNWRITTEN_QUERY));
  } catch {
    return [];
  }
}
