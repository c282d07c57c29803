import v8 from 'node:v8';
import vm from 'node:vm';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

/*
 * Preloaded (`node --import`) into the pipeline worker, and by that into the thread in which the SDK runs workflows. Takes
 * out of that thread what costs it more than half of its time, for which the SDK (1.24) has no option:
 *
 * - The call stack of every promise that a workflow makes, noted for the query `__stack_trace`. Where a clip stands is told
 *   by its events, its `state` query and the details in the Temporal UI.
 * - The time limit of each call into a workflow, for which Node starts and ends a thread per call. A single watch from the
 *   main thread stands in: a workflow that never lets go of its thread ends the process, which is then started again.
 *
 * A worker without this file works the same, more slowly, and tells call stacks as well.
 */
const CHANNEL = 'homesec-workflow-thread';
const LOOK_EVERY_MS = 1_000;
/** The SDK's own limit is 5 s; a busy machine may starve a thread for a while. */
const STUCK_AFTER_LOOKS = 10;

if (isMainThread) watchThreads();
else lightenThread();

function lightenThread(): void {
  v8.promiseHooks.createHook = () => () => undefined;
  // Odd during a call.
  const turns = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const channel = new BroadcastChannel(CHANNEL);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's, not a channel's
  channel.postMessage(turns);
  channel.close();
  const { runInContext } = vm.Script.prototype;
  vm.Script.prototype.runInContext = function (context, { timeout: _watched, ...options } = {}): unknown {
    Atomics.add(turns, 0, 1);
    try {
      return runInContext.call(this, context, options);
    } finally {
      Atomics.add(turns, 0, 1);
    }
  };
}

function watchThreads(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', (event) => {
    if ('data' in event && event.data instanceof Int32Array) watchThread(event.data);
  });
  channel.unref();
}

function watchThread(turns: Int32Array): void {
  let [last, looks] = [0, 0];
  setInterval(() => {
    const turn = Atomics.load(turns, 0);
    looks = turn === last && turn % 2 !== 0 ? looks + 1 : 0;
    last = turn;
    if (looks >= STUCK_AFTER_LOOKS)
      throw new Error('a workflow does not let go of its thread: the worker ends, to be started again');
  }, LOOK_EVERY_MS).unref();
}
