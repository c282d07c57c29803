import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

const { TaskQueueType } = proto.temporal.api.enums.v1;
const QUEUE_TYPES = { workflow: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, activity: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY };
/** A poll without work lasts a minute. */
const POLLED_WITHIN_MS = 150_000;
const ANSWER_WITHIN_MS = 2_000;

export interface WatchedQueue {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly type: keyof typeof QUEUE_TYPES;
}

/**
 * The workers that the server sees ask for this work, by their identities: `<pid>@<host name>`. One with its hands full does
 * not ask, and one that was killed is still seen for some minutes.
 * @throws what the client throws when the server does not answer within two seconds.
 */
export async function pollersOf(connection: Connection, { namespace, taskQueue, type }: WatchedQueue): Promise<string[]> {
  const { pollers } = await connection.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
    connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: QUEUE_TYPES[type],
    }),
  );
  return pollers.flatMap(({ identity, lastAccessTime }) => {
    const polledAtMs = Number(lastAccessTime?.seconds ?? 0) * 1000;
    return identity && Date.now() - polledAtMs < POLLED_WITHIN_MS ? [identity] : [];
  });
}
