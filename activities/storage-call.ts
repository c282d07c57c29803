import type { Context } from '@temporalio/activity';
import type { Pace } from '../src/kit/pace.ts';
import type { StorageCall } from '../src/plugins/spec/storage.ts';
import { carriedProgress, heartbeat } from './heartbeat.ts';

/** Progress of a transfer as heartbeats, cancellation of the activity as its abort signal. */
export const storageCall = (context: Context): StorageCall => ({
  signal: context.cancellationSignal,
  onProgress: () => heartbeat(context),
});

/** Of a transfer that goes on where the attempt before stopped, and shares a limit with all others. */
export const uploadCall = (context: Context, pace: Pace): StorageCall => ({
  ...storageCall(context),
  savedProgress: carriedProgress(context),
  saveProgress: (progress) => heartbeat(context, { progress }),
  pace: async (bytes) => {
    // One of many uploads over a slow line may wait for longer than a heartbeat timeout.
    const alive = setInterval(() => heartbeat(context), 5_000);
    try {
      await pace(bytes, context.cancellationSignal);
    } finally {
      clearInterval(alive);
    }
  },
});
