import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { inject } from 'vitest';

/** Today's workflows, bundled once for all files of the run: each would take some seconds for it. */
export async function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  const response = await fetch(`${inject('stackDoor')}/workflows`);
  const text = await response.text();
  if (!response.ok) throw new Error(`the workflows could not be bundled: ${text}`);
  return JSON.parse(text);
}
