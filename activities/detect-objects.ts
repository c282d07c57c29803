import { Context } from '@temporalio/activity';
import type { Activities } from '../src/domain/activities.ts';
import { err } from '../src/domain/result.ts';
import type { Filter } from '../src/plugins/spec/filter.ts';
import { type ClipBytesDeps, withClipBytes } from './clip-bytes.ts';
import { heartbeat } from './heartbeat.ts';
import { storageCall } from './storage-call.ts';

export interface DetectDeps extends ClipBytesDeps {
  readonly filter: Filter;
  readonly filterBackend: string;
}

export function createDetectObjects({ filter, filterBackend, ...bytes }: DetectDeps): Activities['detectObjects'] {
  return async ({ clip }) => {
    const context = Context.current();
    const { cameraName, clipId } = clip;
    const request = { cameraName, signal: context.cancellationSignal, onProgress: () => heartbeat(context) };
    const seen = await withClipBytes(bytes, clip, storageCall(context), (path) => filter.detect({ path, ...request }));
    return seen.ok ? seen : err({ kind: 'FilterError', clipId, backend: filterBackend, ...seen.error });
  };
}
