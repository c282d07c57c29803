import type { Connection } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import { bad, good } from '../src/kit/findings.ts';
import type { Finding } from '../src/plugins/spec/finding.ts';
import { explainRefusal } from '../src/temporal/explain-refusal.ts';
import { pollersOf, type WatchedQueue } from '../src/temporal/queue-pollers.ts';

/**
 * Whether the server sees this worker ask for work. What the worker says of itself is no sign: it runs on in an outage. One
 * with its hands full does not ask.
 * @param connection not the worker's own, on which a question to a server that is away takes ten seconds.
 */
export async function queueFindings(connection: Connection, workers: readonly Worker[]): Promise<Finding[]> {
  return (
    await Promise.all(workers.flatMap((worker) => typesOf(worker).map((type) => queueFinding(connection, worker, type))))
  ).flat();
}

const typesOf = ({ options }: Worker): readonly WatchedQueue['type'][] =>
  options.workflowBundle === undefined ? ['activity'] : ['workflow', 'activity'];

const FIX = 'See that the server at temporal.address runs, and that this worker reaches it. It goes on by itself.';

async function queueFinding(connection: Connection, worker: Worker, type: WatchedQueue['type']): Promise<Finding> {
  const { taskQueue, namespace, identity } = worker.options;
  const what = `queue ${taskQueue} (${type})`;
  try {
    const pollers = await pollersOf(connection, { namespace, taskQueue, type });
    if (pollers.includes(identity)) return good(what, 'asks for work');
    const { numInFlightActivities, numInFlightWorkflowActivations } = worker.getStatus();
    const inHand = numInFlightActivities + numInFlightWorkflowActivations;
    return inHand > 0 ? good(what, `${inHand} in hand`) : bad(what, 'does not ask for work', FIX);
  } catch (error) {
    return bad(what, `Temporal does not answer: ${explainRefusal(error)}`, FIX);
  }
}
