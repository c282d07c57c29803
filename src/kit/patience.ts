import { pluginFailure } from '../domain/stage-error.ts';
import type { StorageCall } from '../plugins/spec/storage.ts';
import { StorageStop } from './storage-stop.ts';

/** Shorter than every heartbeat timeout of a stage. */
const SIGN_OF_LIFE_EVERY_MS = 5_000;

/** Calls that nobody cancels and whose progress nobody asks for. */
export const UNATTENDED: StorageCall = { signal: new AbortController().signal, onProgress: () => undefined };

/** How one request to a storage gets on. */
export interface Patience {
  /** Aborted with the call, and when nothing has moved for too long. */
  readonly signal: AbortSignal;
  /** Bytes done so far: something moves. */
  progress(bytesDone: number): void;
  /** Waits until so many bytes may be sent; this wait is our own and no fault of the storage. */
  pace(bytes: number): Promise<void>;
}

/**
 * Makes a request that may take as long as it likes while bytes move, and may be silent for `silentMs`. The caller is told
 * every few seconds that it lives: a server may take a while over a large file.
 * Ends the work with STORAGE_UNREACHABLE when it was silent for too long.
 */
export async function withPatience<T>(
  call: StorageCall,
  silentMs: number,
  request: (patience: Patience) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  const signal = AbortSignal.any([call.signal, stalled.signal]);
  let doneBytes = 0;
  let movedAtMs = performance.now();
  const look = setInterval(
    () => {
      if (performance.now() - movedAtMs > silentMs) stalled.abort();
      else call.onProgress(doneBytes);
    },
    Math.min(SIGN_OF_LIFE_EVERY_MS, silentMs / 4),
  );
  const patience: Patience = {
    signal,
    progress: (bytesDone) => {
      movedAtMs = performance.now();
      doneBytes = bytesDone;
      call.onProgress(doneBytes);
    },
    pace: async (bytes) => {
      movedAtMs = Number.POSITIVE_INFINITY;
      await call.pace?.(bytes);
      movedAtMs = performance.now();
    },
  };
  try {
    return await request(patience);
  } catch (thrown) {
    if (!stalled.signal.aborted) throw thrown;
    const what = `storage was silent for ${silentMs / 1000} s`;
    throw new StorageStop(pluginFailure('STORAGE_UNREACHABLE', what));
  } finally {
    clearInterval(look);
  }
}
