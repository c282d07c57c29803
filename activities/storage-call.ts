import type { Context } from '@temporalio/activity';
import type { Pace } from '../src/kit/pace.ts';
import type { StorageCall } from '../src/plugins/spec/storage.ts';
import { beatWhile, carriedProgress, heartbeat } from './heartbeat.ts';

/** A transfer that is over by then costs the server no heartbeat. */
const HEARTBEAT_EVERY_MS = 1_000;

/** Progress of a transfer as heartbeats, cancellation of the activity as its abort signal. */
export function storageCall(context: Context): StorageCall {
  let lastMs = performance.now();
  return {
    signal: context.cancellationSignal,
    onProgress: () => {
      if (performance.now() - lastMs < HEARTBEAT_EVERY_MS) return;
      lastMs = performance.now();
      heartbeat(context);
    },
  };
}

/** Of a transfer that goes on where the attempt before stopped, and shares a limit with all others. */
export const uploadCall = (context: Context, pace: Pace): StorageCall => ({
  ...storageCall(context),
  savedProgress: carriedProgress(context),
  saveProgress: (progress) => heartbeat(context, { progress }),
  pace: (bytes) => beatWhile(context, pace(bytes, context.cancellationSignal)),
});
