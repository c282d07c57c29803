import type { ConnectionLike } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { keyIdOf } from './encryption.ts';

const ANSWER_WITHIN_MS = 10_000;
/** The newest; among them is every key of the last days. */
const PAGE_SIZE = 200;

type Asking = Pick<ConnectionLike, 'withDeadline' | 'workflowService'>;

/**
 * Ids of keys by which workflows that still run are encrypted and which are none of `known`: a worker that took these would fail
 * each of their steps. None where the server does not answer the question.
 */
export async function findMissingKeys(
  connection: Asking,
  namespace: string,
  known: readonly string[],
): Promise<readonly string[]> {
  const payloads = await connection
    .withDeadline(Date.now() + ANSWER_WITHIN_MS, () => payloadsOfRunning(connection, namespace))
    .catch(() => []);
  const ids = payloads.map(keyIdOf).filter((id) => id !== undefined);
  return [...new Set(ids)].filter((id) => !known.includes(id));
}

/** Of each one: clips have memos, which come with the list, and all else has a summary. */
async function payloadsOfRunning({ workflowService }: Asking, namespace: string): Promise<readonly Payload[]> {
  const query = 'ExecutionStatus = "Running"';
  const { executions } = await workflowService.listWorkflowExecutions({ namespace, pageSize: PAGE_SIZE, query });
  const found = executions.map(async ({ execution, memo }): Promise<readonly Payload[]> => {
    const fields = Object.values(memo?.fields ?? {});
    if (fields.length > 0 || !execution) return fields;
    const { executionConfig } = await workflowService.describeWorkflowExecution({ namespace, execution });
    const summary = executionConfig?.userMetadata?.summary;
    return summary ? [summary] : [];
  });
  return (await Promise.all(found)).flat();
}
