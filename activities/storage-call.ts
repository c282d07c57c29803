import type { Context } from '@temporalio/activity';
import type { StorageCall } from '../src/plugins/spec/storage.ts';
import { heartbeat } from './heartbeat.ts';

/** Progress of a transfer as heartbeats, cancellation of the activity as its abort signal. */
export const storageCall = (context: Context): StorageCall => ({
  signal: context.cancellationSignal,
  onProgress: () => heartbeat(context),
});
