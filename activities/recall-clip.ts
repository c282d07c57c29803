import { Context } from '@temporalio/activity';
import type { Activities } from '../src/domain/activities.ts';
import type { RecallRuns } from '../src/domain/clip-memory.ts';
import { ok } from '../src/domain/result.ts';

export function createRecallClip(recall: RecallRuns): Activities['recallClip'] {
  return ({ originalRunId }) => recall({ ...askingRun(), originalRunId });
}

/**
 * A delivery that was under way at a reset point is begun anew by the server itself, and its workflow cannot prevent it. It
 * is told apart by the run that asked for it, and not repeated when that run had it delivered after the reset point.
 */
export function unlessDelivered(recall: RecallRuns, send: Activities['sendNotification']): Activities['sendNotification'] {
  return async (input) => {
    if (input.runId === undefined) return send(input);
    const { workflowId, runId } = askingRun();
    if (input.runId === runId) return send(input);
    const { delivered } = await recall({ workflowId, runId, originalRunId: input.runId });
    const had = delivered[input.channel];
    if (had === undefined || had.revision < input.alert.revision) return send(input);
    return ok({ dedupeKey: had.dedupeKey, revision: had.revision });
  };
}

function askingRun() {
  const { workflowExecution } = Context.current().info;
  if (workflowExecution === undefined) throw new Error('asked for by no workflow');
  return workflowExecution;
}
