import v8 from 'node:v8';
import { isMainThread } from 'node:worker_threads';

/*
 * Preloaded (`node --import`) into the pipeline worker, and by that into the thread in which the SDK runs workflows.
 *
 * The SDK notes the call stack of every promise that a workflow makes, for the query `__stack_trace`, and has no option to
 * leave it out (1.24): more than half of that thread's time. Where a clip stands is told by its events, its `state` query
 * and the details in the Temporal UI. A worker without this file works the same and tells call stacks as well.
 */
if (!isMainThread) v8.promiseHooks.createHook = () => () => undefined;
