import { Context } from '@temporalio/activity';
import type { Activities } from '../src/domain/activities.ts';
import type { Clip } from '../src/domain/clip.ts';
import type { StoredClip } from '../src/domain/known.ts';
import { err, ok, type Result } from '../src/domain/result.ts';
import { isRetryable, type PluginFailure } from '../src/domain/stage-error.ts';
import type { Pace } from '../src/kit/pace.ts';
import type { Storage, StorageCall } from '../src/plugins/spec/storage.ts';
import { uploadCall } from './storage-call.ts';

export interface UploadDeps {
  readonly storage: Storage;
  readonly storageBackend: string;
  /** Shared by all uploads of the process. */
  readonly pace: Pace;
}

export function createUploadClip({ storage, storageBackend, pace }: UploadDeps): Activities['uploadClip'] {
  return async ({ clip }) => {
    const stored = await store(storage, clip, uploadCall(Context.current(), pace));
    if (stored.ok) return stored;
    const { clipId, storageKey } = clip;
    return err({ kind: 'UploadError', clipId, backend: storageBackend, storageKey, ...stored.error });
  };
}

/** Local bytes that are gone, or have gone bad, are no failure when an earlier attempt or run has uploaded them. */
async function store(storage: Storage, clip: Clip, call: StorageCall): Promise<Result<StoredClip, PluginFailure>> {
  const put = await storage.put(clip, clip.storageKey, call);
  if (put.ok || !(put.error.code === 'CLIP_MISSING' || put.error.code === 'CLIP_CORRUPT')) return put;
  const verified = await storage.verify(clip.storageKey, clip, call);
  if (!verified.ok) return isRetryable(verified.error.code) ? verified : put;
  return verified.value === undefined ? put : ok(verified.value);
}
