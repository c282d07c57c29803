import type { ConnectionLike } from '@temporalio/client';
import { keyIdOf } from './encryption.ts';

const ANSWER_WITHIN_MS = 10_000;
/** The newest; among them is every key of the last days. */
const PAGE_SIZE = 500;

/**
 * Ids of keys by which workflows that still run are encrypted and which are none of `known`: a worker that took these would fail
 * each of their steps. Looks at their memos; none where the server does not answer the question.
 */
export async function findMissingKeys(
  connection: Pick<ConnectionLike, 'withDeadline' | 'workflowService'>,
  namespace: string,
  known: readonly string[],
): Promise<readonly string[]> {
  const { executions } = await connection
    .withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      connection.workflowService.listWorkflowExecutions({ namespace, pageSize: PAGE_SIZE, query: 'ExecutionStatus = "Running"' }),
    )
    .catch(() => ({ executions: [] }));
  const payloads = executions.flatMap(({ memo }) => Object.values(memo?.fields ?? {}));
  const ids = payloads.map(keyIdOf).filter((id) => id !== undefined);
  return [...new Set(ids)].filter((id) => !known.includes(id));
}
