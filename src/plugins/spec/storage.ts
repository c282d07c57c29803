import type { StoredClip } from '../../domain/known.ts';
import type { Result } from '../../domain/result.ts';
import type { PluginFailure } from '../../domain/stage-error.ts';

/** Bytes that must arrive unchanged. */
export interface LocalFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

export interface StorageCall {
  /** An aborted call rejects with the signal's reason: it was called off, and did not fail. */
  readonly signal: AbortSignal;
  /** Called now and then with the bytes done so far. */
  readonly onProgress: (bytesDone: number) => void;
  /** Where an attempt before this one stopped, as it noted it with `saveProgress`. */
  readonly savedProgress?: unknown;
  /** Notes where a next attempt, perhaps in another process, can go on. Small and without secrets: it goes into Temporal. */
  readonly saveProgress?: (progress: unknown) => void;
  /** Resolves when so many more bytes may be sent: all uploads of the process share one limit. Asked before each small piece. */
  readonly pace?: (bytes: number) => Promise<void>;
}

/** Keeps clips. Keys are relative paths with `/`; every call is idempotent. */
export interface Storage {
  /** Stores and verifies. The same bytes under the same key again: success; others: STORAGE_CONFLICT. */
  put(file: LocalFile, key: string, call: StorageCall): Promise<Result<StoredClip, PluginFailure>>;
  /** The stored clip when size and hash match, undefined when nothing is there, STORAGE_CONFLICT for other bytes. */
  verify(
    key: string,
    expected: Omit<LocalFile, 'path'>,
    call: StorageCall,
  ): Promise<Result<StoredClip | undefined, PluginFailure>>;
  /** Fetches into a new local file. Nothing there: CLIP_NOT_STORED_YET. */
  get(key: string, path: string, call: StorageCall): Promise<Result<void, PluginFailure>>;
  /** A link under which a person can open what is stored, made anew each time. Left out, or undefined: there are no links. */
  viewUrl?(key: string, call: StorageCall): Promise<Result<string | undefined, PluginFailure>>;
  /** Missing already is success. */
  delete(key: string): Promise<Result<void, PluginFailure>>;
  ping(): Promise<Result<void, PluginFailure>>;
  close(): Promise<void>;
}
