import { mkdtemp, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { ClipSource } from '../src/domain/activities.ts';
import type { Clip } from '../src/domain/clip.ts';
import { err, ok, type Result } from '../src/domain/result.ts';
import { isRetryable, type PluginFailure, pluginFailure } from '../src/domain/stage-error.ts';
import { hashOfFile } from '../src/kit/local-bytes.ts';
import type { Storage, StorageCall } from '../src/plugins/spec/storage.ts';

export interface ClipBytesDeps {
  readonly storage: Storage;
  /** Takes the copies of this process while they are needed. Exists. */
  readonly copiesDir: string;
  /** Gets the bytes from the host that recorded them; left out where this machine has no part in that. */
  readonly fetchFromHost?: (
    source: Required<ClipSource>,
    path: string,
    call: StorageCall,
  ) => Promise<Result<void, PluginFailure>>;
}

/** Storage that does not move for so long is left for the camera host. */
const STORAGE_STALLED_AFTER_MS = 5_000;

/**
 * Gives a stage the bytes of a clip, wherever it runs: by the local path when this machine has just these bytes there,
 * else fetched into a file that lives as long as the call, from storage, or else from the host that recorded them. Hash and
 * size are checked in any case. Not stored yet is CLIP_NOT_STORED_YET; bytes that do not match are CLIP_CORRUPT.
 */
export async function withClipBytes<T>(
  deps: ClipBytesDeps,
  source: ClipSource,
  call: StorageCall,
  use: (path: string) => Promise<Result<T, PluginFailure>>,
): Promise<Result<T, PluginFailure>> {
  const { clip } = source;
  if (await holds(clip.path, clip, call)) return use(clip.path);
  const folder = await mkdtemp(join(deps.copiesDir, 'clip-'));
  try {
    const copied = await copyInto(folder, deps, source, call);
    return copied.ok ? await use(copied.value) : copied;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns the path of a copy that is the clip. */
async function copyInto(
  folder: string,
  { storage, fetchFromHost }: ClipBytesDeps,
  { clip, clipsUrl }: ClipSource,
  call: StorageCall,
): Promise<Result<string, PluginFailure>> {
  const pathOf = (origin: string) => join(folder, `${origin}-${clip.clipId}${extname(clip.storageKey)}`);
  const fromStorage = (within: StorageCall) =>
    verified({ origin: 'storage', path: pathOf('storage'), clip, call: within }, (path) =>
      storage.get(clip.storageKey, path, within),
    );
  if (fetchFromHost === undefined || clipsUrl === undefined) return fromStorage(call);
  const stored = await whileMoving(call, fromStorage);
  if (stored.ok) return stored;
  call.onProgress(0);
  const fetched = await verified({ origin: 'the camera host', path: pathOf('host'), clip, call }, (path) =>
    fetchFromHost({ clip, clipsUrl }, path, call),
  );
  if (fetched.ok) return fetched;
  // Whichever of the two may still come is worth waiting for.
  const error = isRetryable(stored.error.code) ? stored.error : fetched.error;
  return err({ ...error, message: `${stored.error.message}; ${fetched.error.message}` });
}

interface Fetching {
  readonly origin: string;
  readonly path: string;
  readonly clip: Clip;
  readonly call: StorageCall;
}

async function verified(
  { origin, path, clip, call }: Fetching,
  get: (path: string) => Promise<Result<void, PluginFailure>>,
): Promise<Result<string, PluginFailure>> {
  const got = await get(path);
  if (!got.ok) return got;
  if (await holds(path, clip, call)) return ok(path);
  return err(pluginFailure('CLIP_CORRUPT', `${origin} gave other bytes for ${clip.storageKey}`));
}

/** Calls a transfer off that has not moved for a while: STORAGE_UNREACHABLE. */
async function whileMoving<T>(
  call: StorageCall,
  transfer: (call: StorageCall) => Promise<Result<T, PluginFailure>>,
): Promise<Result<T, PluginFailure>> {
  const stalled = new AbortController();
  const watch = setTimeout(() => stalled.abort(), STORAGE_STALLED_AFTER_MS);
  let doneBytes = 0;
  try {
    return await transfer({
      ...call,
      signal: AbortSignal.any([call.signal, stalled.signal]),
      onProgress: (bytesDone) => {
        // The same figure again is a sign of life, of a storage that has stopped.
        if (bytesDone !== doneBytes) watch.refresh();
        doneBytes = bytesDone;
        call.onProgress(bytesDone);
      },
    });
  } catch (thrown) {
    if (!stalled.signal.aborted || call.signal.aborted) throw thrown;
    return err(pluginFailure('STORAGE_UNREACHABLE', `storage did not move for ${STORAGE_STALLED_AFTER_MS / 1000} s`));
  } finally {
    clearTimeout(watch);
  }
}

/** Whether the file is there and has exactly the clip's bytes. What cannot be read does not; another place may have them. */
async function holds(path: string, { sizeBytes, sha256 }: Clip, call: StorageCall): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== sizeBytes) return false;
  const found256 = await hashOfFile(path, call).catch(() => undefined);
  call.signal.throwIfAborted();
  return found256 === sha256;
}
