import { Context } from '@temporalio/activity';
import type { Activities } from '../src/domain/activities.ts';
import { err, ok } from '../src/domain/result.ts';
import type { Filter, FilterRequest } from '../src/plugins/spec/filter.ts';
import { type ClipBytesDeps, withClipBytes } from './clip-bytes.ts';
import { heartbeat } from './heartbeat.ts';
import { withSnapshot } from './keep-snapshot.ts';
import { storageCall } from './storage-call.ts';

export interface DetectDeps extends ClipBytesDeps {
  readonly filter: Filter;
  readonly filterBackend: string;
  readonly giveWay?: FilterRequest['giveWay'];
}

export function createDetectObjects({ filter, filterBackend, giveWay, ...bytes }: DetectDeps): Activities['detectObjects'] {
  return async ({ triggerClasses = [], ...source }) => {
    const context = Context.current();
    const { cameraName, clipId } = source.clip;
    const request = {
      cameraName,
      signal: context.cancellationSignal,
      onProgress: () => heartbeat(context),
      ...(giveWay === undefined ? {} : { giveWay }),
    };
    const seen = await withClipBytes(bytes, source, storageCall(context), async (path) => {
      const detected = await filter.detect({ path, ...request });
      if (!detected.ok) return detected;
      return ok(await withSnapshot(bytes, { clip: source.clip, path, seen: detected.value, triggerClasses }, context));
    });
    return seen.ok ? seen : err({ kind: 'FilterError', clipId, backend: filterBackend, ...seen.error });
  };
}
