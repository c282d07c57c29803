import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Worker } from '@temporalio/worker';
import { bad, good } from '../src/kit/findings.ts';
import type { Finding } from '../src/plugins/spec/finding.ts';
import { explainRefusal } from '../src/temporal/explain-refusal.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const QUEUE_TYPES = { workflow: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, activity: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY };
/** A poll without work lasts a minute. */
const POLLED_WITHIN_MS = 150_000;
const ANSWER_WITHIN_MS = 2_000;

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

type QueueType = keyof typeof QUEUE_TYPES;

const typesOf = ({ options }: Worker): readonly QueueType[] =>
  options.workflowBundle === undefined ? ['activity'] : ['workflow', 'activity'];

const FIX = 'See that the server at temporal.address runs, and that this worker reaches it. It goes on by itself.';

async function queueFinding(connection: Connection, worker: Worker, type: QueueType): Promise<Finding> {
  const { taskQueue, namespace, identity } = worker.options;
  const what = `queue ${taskQueue} (${type})`;
  try {
    const { pollers } = await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: QUEUE_TYPES[type],
      }),
    );
    const polledAtMs = Math.max(...pollers.filter((poller) => poller.identity === identity).map(lastPollMs), 0);
    if (Date.now() - polledAtMs < POLLED_WITHIN_MS) return good(what, 'asks for work');
    const { numInFlightActivities, numInFlightWorkflowActivations } = worker.getStatus();
    const inHand = numInFlightActivities + numInFlightWorkflowActivations;
    return inHand > 0 ? good(what, `${inHand} in hand`) : bad(what, 'does not ask for work', FIX);
  } catch (error) {
    return bad(what, `Temporal does not answer: ${explainRefusal(error)}`, FIX);
  }
}

const lastPollMs = ({ lastAccessTime }: { readonly lastAccessTime?: { readonly seconds?: unknown } | null }): number =>
  Number(lastAccessTime?.seconds ?? 0) * 1000;
