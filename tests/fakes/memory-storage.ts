import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { StoredClip } from '../../src/domain/known.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../src/domain/stage-error.ts';
import type { LocalFile, Storage, StorageCall } from '../../src/plugins/spec/storage.ts';

/** Keeps clips in memory and nowhere else. */
export class MemoryStorage implements Storage {
  readonly #files = new Map<string, Buffer>();
  #failure: PluginFailure | undefined;

  /** Every call fails so until it is called with undefined. */
  failWith(failure: PluginFailure | undefined): void {
    this.#failure = failure;
  }

  get keys(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  async put(file: LocalFile, key: string, call: StorageCall): Promise<Result<StoredClip, PluginFailure>> {
    const verified = await this.verify(key, file, call);
    if (!verified.ok) return verified;
    if (verified.value !== undefined) return ok(verified.value);
    const bytes = await readFile(file.path).catch(() => undefined);
    if (bytes === undefined) return err(pluginFailure('CLIP_MISSING', `${file.path} is gone`));
    if (!isSame(bytes, file)) return err(pluginFailure('CLIP_CORRUPT', `${file.path} is not what was sealed`));
    await call.pace?.(bytes.length);
    call.signal.throwIfAborted();
    const rival = this.#files.get(key);
    if (rival !== undefined && !rival.equals(bytes)) return err(pluginFailure('STORAGE_CONFLICT', `${key} holds other bytes`));
    this.#files.set(key, bytes);
    call.onProgress(bytes.length);
    return ok(stored(key));
  }

  async verify(
    key: string,
    expected: Omit<LocalFile, 'path'>,
    call: StorageCall,
  ): Promise<Result<StoredClip | undefined, PluginFailure>> {
    const refused = this.#refusal(key, call);
    if (refused !== undefined) return err(refused);
    const bytes = this.#files.get(key);
    if (bytes === undefined) return ok(undefined);
    if (!isSame(bytes, expected)) return err(pluginFailure('STORAGE_CONFLICT', `${key} holds other bytes`));
    call.onProgress(bytes.length);
    return ok(stored(key));
  }

  async get(key: string, path: string, call: StorageCall): Promise<Result<void, PluginFailure>> {
    const refused = this.#refusal(key, call);
    if (refused !== undefined) return err(refused);
    const bytes = this.#files.get(key);
    if (bytes === undefined) return err(pluginFailure('CLIP_NOT_STORED_YET', `nothing under ${key}`));
    try {
      await writeFile(path, bytes);
    } catch (thrown) {
      return err(pluginFailure('UNEXPECTED', `could not write ${path}`, thrown));
    }
    call.onProgress(bytes.length);
    return ok(undefined);
  }

  async delete(key: string): Promise<Result<void, PluginFailure>> {
    const refused = this.#refusal(key);
    if (refused !== undefined) return err(refused);
    this.#files.delete(key);
    return ok(undefined);
  }

  async ping(): Promise<Result<void, PluginFailure>> {
    return this.#failure === undefined ? ok(undefined) : err(this.#failure);
  }

  async close(): Promise<void> {}

  #refusal(key: string, call?: StorageCall): PluginFailure | undefined {
    const isKey = key.split('/').every((segment) => /^(?!\.{1,2}$)[^\\\p{Cc}]+$/u.test(segment));
    if (!isKey) return pluginFailure('STORAGE_DENIED', `not a storage key: ${JSON.stringify(key)}`);
    call?.signal.throwIfAborted();
    return this.#failure;
  }
}

const stored = (key: string): StoredClip => ({ storageUri: `memory:${key}` });
const isSame = (bytes: Buffer, expected: Omit<LocalFile, 'path'>): boolean =>
  bytes.length === expected.sizeBytes && createHash('sha256').update(bytes).digest('hex') === expected.sha256;
