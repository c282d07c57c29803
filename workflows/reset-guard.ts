import { type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';

/**
 * Knows when this run has just been reset.
 *
 * After a reset the server delivers the updates of the former run again, all of them in the first workflow task after the
 * reset point. They have had their effect; without this guard each would retry or acknowledge once more. The core gives
 * the run a new random seed in that task and in no other, in live execution and in replay alike; the SDK has no better
 * sign of a reset to offer (1.24).
 */
let resetTaskHistoryLength: number | undefined;
const listeners: (() => void)[] = [];

/** Whether the message being handled is a repetition by a reset. */
export const isRepeatedByReset = (): boolean => workflowInfo().historyLength === resetTaskHistoryLength;

/** Calls back when the run goes on from a reset point; at once when that is its very beginning. */
export function onReset(listener: () => void): void {
  listeners.push(listener);
  if (isRepeatedByReset()) listener();
}

export function interceptors(): WorkflowInterceptors {
  // Before the first task: a run that is reset to its beginning gets its new seed with that.
  let seed = getActivator().randomnessSeed;
  return {
    internals: [
      {
        activate(input, next) {
          const { randomnessSeed } = getActivator();
          if (!isSame(seed, randomnessSeed)) {
            resetTaskHistoryLength = workflowInfo().historyLength;
            for (const listener of listeners) listener();
          }
          seed = randomnessSeed;
          next(input);
        },
      },
    ],
  };
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((part, index) => part === b[index]);
