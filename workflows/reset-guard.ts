import { type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';

/**
 * Knows when this run has just been reset.
 *
 * After a reset the server delivers the updates of the former run again, all of them in the first workflow task after the
 * reset point. They have had their effect; without this guard each would retry or acknowledge once more. The core marks
 * that task, and only that one, with a new random seed, in live execution and in replay alike.
 */
let resetTaskHistoryLength: number | undefined;
const listeners: (() => void)[] = [];

/** Whether the message being handled is a repetition by a reset. */
export const isRepeatedByReset = (): boolean => workflowInfo().historyLength === resetTaskHistoryLength;

/** Calls back when the run goes on from a reset point. */
export function onReset(listener: () => void): void {
  listeners.push(listener);
}

export const interceptors = (): WorkflowInterceptors => ({
  internals: [
    {
      activate(input, next) {
        if (input.activation.jobs?.some((job) => job.updateRandomSeed)) {
          resetTaskHistoryLength = workflowInfo().historyLength;
          for (const listener of listeners) listener();
        }
        next(input);
      },
    },
  ],
});
