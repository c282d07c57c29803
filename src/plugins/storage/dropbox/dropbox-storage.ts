import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { downloadFile, type files } from 'dropbox';
import type { StoredClip } from '../../../domain/known.ts';
import type { Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { BlockHashes } from '../../../kit/block-hashes.ts';
import { hashOfFile, openLocal, readSealed } from '../../../kit/local-bytes.ts';
import { UNATTENDED } from '../../../kit/patience.ts';
import { checkKey, StorageStop, settle } from '../../../kit/storage-stop.ts';
import type { LocalFile, Storage, StorageCall } from '../../spec/storage.ts';
import type { DropboxConfig } from './config.ts';
import { BLOCK_BYTES, contentHashOf, contentHashOfFew } from './content-hash.ts';
import type { DropboxLink } from './dropbox-link.ts';
import { describeFailure, isLostSession, isNotFound } from './failures.ts';
import { type Upload, upload } from './upload-session.ts';

type Digest = Omit<LocalFile, 'path'>;
type Work = Omit<Upload, 'path' | 'chunkBytes'>;

/** Keeps clips in a Dropbox. See the README beside this file for what is verified and what a link gives away. */
export class DropboxStorage implements Storage {
  readonly #config: DropboxConfig;
  readonly #link: DropboxLink;
  readonly #tempDir: string;

  constructor(config: DropboxConfig, link: DropboxLink, tempDir: string) {
    this.#config = config;
    this.#link = link;
    this.#tempDir = tempDir;
  }

  put(file: LocalFile, key: string, call: StorageCall): Promise<Result<StoredClip, PluginFailure>> {
    return this.#settle(`store ${key}`, key, call, async () => {
      const handle = await openLocal(file);
      try {
        const blocks = new BlockHashes(BLOCK_BYTES);
        await readSealed(handle, file, call, (piece) => blocks.update(piece));
        await this.#store({ handle, sizeBytes: file.sizeBytes, contentHash: contentHashOf(blocks.digests()) }, key, call);
        call.onProgress(file.sizeBytes);
        return stored(key);
      } finally {
        await handle.close();
      }
    });
  }

  verify(key: string, expected: Digest, call: StorageCall): Promise<Result<StoredClip | undefined, PluginFailure>> {
    return this.#settle(`verify ${key}`, key, call, async () => {
      const found = await this.#find(key, call);
      if (found === undefined) return undefined;
      if (found.size !== expected.sizeBytes) throw conflict(key);
      const contentHash = contentHashOfFew(expected);
      const isSame =
        contentHash === undefined ? (await this.#hash(key, call)) === expected.sha256 : found.content_hash === contentHash;
      if (!isSame) throw conflict(key);
      return stored(key);
    });
  }

  get(key: string, path: string, call: StorageCall): Promise<Result<void, PluginFailure>> {
    return this.#settle(`fetch ${key}`, key, call, async () => {
      await mkdir(dirname(path), { recursive: true });
      await this.#download(key, path, call);
    });
  }

  viewUrl(key: string, call: StorageCall): Promise<Result<string | undefined, PluginFailure>> {
    return this.#settle(`link to ${key}`, key, call, async () => {
      const request = this.#link.ask(call, (client, { signal }) =>
        client.filesGetTemporaryLink({ path: this.#pathOf(key) }, { signal }),
      );
      const made = await unlessMissing(request);
      return made?.result.link;
    });
  }

  delete(key: string): Promise<Result<void, PluginFailure>> {
    return this.#settle(`delete ${key}`, key, UNATTENDED, async () => {
      const path = this.#pathOf(key);
      // Of a folder Dropbox would delete all that is in it.
      if ((await this.#find(key, UNATTENDED)) === undefined) return;
      await unlessMissing(this.#link.ask(UNATTENDED, (client, { signal }) => client.filesDeleteV2({ path }, { signal })));
    });
  }

  ping(): Promise<Result<void, PluginFailure>> {
    return settle(UNATTENDED.signal, this.#link.explain('reach Dropbox'), async () => {
      const path = this.#config.root;
      // The folder comes into being with the first clip.
      await unlessMissing(
        this.#link.ask(UNATTENDED, (client, { signal }) => client.filesListFolder({ path, limit: 1 }, { signal })),
      );
    });
  }

  async close(): Promise<void> {}

  #settle<T>(what: string, key: string, call: StorageCall, work: () => Promise<T>): Promise<Result<T, PluginFailure>> {
    return settle(call.signal, this.#link.explain(what), async () => {
      checkKey(key);
      return work();
    });
  }

  #pathOf(key: string): string {
    return `${this.#config.root}/${key}`;
  }

  /** What Dropbox has under the key; a folder there is a conflict. */
  async #find(key: string, call: StorageCall): Promise<files.FileMetadataReference | undefined> {
    const path = this.#pathOf(key);
    const found = await unlessMissing(
      this.#link.ask(call, (client, { signal }) => client.filesGetMetadata({ path }, { signal })),
    );
    if (found === undefined) return undefined;
    if (found.result['.tag'] === 'file') return found.result;
    throw conflict(key);
  }

  /** Uploads unless it is there, and believes only the hash that Dropbox itself has made of what it keeps. */
  async #store(work: Work, key: string, call: StorageCall): Promise<void> {
    const there = (await this.#find(key, call)) ?? (await this.#upload(work, key, call));
    if (there !== undefined && there.content_hash !== work.contentHash) throw conflict(key);
  }

  /** Undefined when it is stored and verified; what is there instead when another put was faster. */
  async #upload(work: Work, key: string, call: StorageCall): Promise<files.FileMetadata | undefined> {
    const path = this.#pathOf(key);
    try {
      const made = await upload(this.#link, { ...work, path, chunkBytes: this.#config.chunk_size_bytes }, call);
      if (made.content_hash === work.contentHash) return undefined;
      // What is wrong may be in the session, so that the next attempt must not go on with it.
      call.saveProgress?.(undefined);
      await this.#link.ask(call, (client, { signal }) => client.filesDeleteV2({ path, parent_rev: made.rev }, { signal }));
    } catch (thrown) {
      // A session is gone after days, or because another attempt has just finished it.
      if (isLostSession(thrown) && call.savedProgress !== undefined) {
        return (await this.#find(key, call)) ?? this.#upload(work, key, { ...call, savedProgress: undefined });
      }
      const rival = describeFailure('store', thrown).code === 'STORAGE_CONFLICT' ? await this.#find(key, call) : undefined;
      if (rival === undefined) throw thrown;
      return rival;
    }
    throw new StorageStop(pluginFailure('STORAGE_UNVERIFIED', `Dropbox kept other bytes for ${key}, which were discarded`));
  }

  async #download(key: string, path: string, call: StorageCall): Promise<void> {
    const got = await unlessMissing(
      this.#link.ask(call, (client, patience) => {
        const progress = ({ bytesWritten }: { bytesWritten: number }) => patience.progress(bytesWritten);
        return downloadFile(client, this.#pathOf(key), path, { maxAttempts: 1, signal: patience.signal, progress });
      }),
    );
    if (got === undefined) throw new StorageStop(pluginFailure('CLIP_NOT_STORED_YET', `Dropbox has nothing under ${key}`));
  }

  /** SHA-256 of what is stored, which Dropbox does not know: its own hash is another. */
  async #hash(key: string, call: StorageCall): Promise<string> {
    const path = join(this.#tempDir, randomUUID());
    try {
      await this.#download(key, path, call);
      return await hashOfFile(path, call);
    } finally {
      await rm(path, { force: true });
    }
  }
}

/** Undefined when Dropbox has nothing there. */
const unlessMissing = <T>(request: Promise<T>): Promise<T | undefined> =>
  request.catch((thrown: unknown) => {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  });

const conflict = (key: string): StorageStop =>
  new StorageStop(pluginFailure('STORAGE_CONFLICT', `Dropbox holds other bytes under ${key}`));

/** Relative to the root, so that the folder can be moved. */
const stored = (key: string): StoredClip => ({ storageUri: `dropbox:${key}` });
