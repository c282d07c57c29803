import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileStat } from 'webdav';
import type { StoredClip } from '../../../domain/known.ts';
import { ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure, type StageErrorCode } from '../../../domain/stage-error.ts';
import { hashOf, openLocal, readSealed, saveNew, slicesToSend } from '../../../kit/local-bytes.ts';
import { type Patience, UNATTENDED } from '../../../kit/patience.ts';
import { checkKey, StorageStop, settle } from '../../../kit/storage-stop.ts';
import type { Logger } from '../../spec/plugin.ts';
import type { LocalFile, Storage, StorageCall } from '../../spec/storage.ts';
import type { WebdavConfig } from './config.ts';
import { isFolderThere, isLocked, isTaken } from './failures.ts';
import { newPart, PARTS_DIR, PRIVATE_DIR, sweepParts } from './parts.ts';
import type { WebdavLink } from './webdav-link.ts';

type Digest = Omit<LocalFile, 'path'>;

/** Others who move something to the same name are done in a moment. */
const LOCKED_TRIES = 20;
const LOCKED_WAIT_MS = 100;

/** Keeps clips on a WebDAV server. See the README beside this file for the layout, and for what is verified at which cost. */
export class WebdavStorage implements Storage {
  readonly #config: WebdavConfig;
  readonly #link: WebdavLink;
  /** Folders that are there, as far as is known. */
  readonly #folders = new Set<string>();
  readonly #logger: Logger;
  #isSwept = false;

  constructor(config: WebdavConfig, link: WebdavLink, logger: Logger) {
    this.#config = config;
    this.#link = link;
    this.#logger = logger;
  }

  put(file: LocalFile, key: string, call: StorageCall): Promise<Result<StoredClip, PluginFailure>> {
    return this.#settle(`store ${key}`, key, call, async () => {
      const handle = await openLocal(file);
      try {
        await readSealed(handle, file, call);
        if (!(await this.#holds(key, file, call))) await this.#write(handle, key, file, call);
        call.onProgress(file.sizeBytes);
        return stored(key);
      } finally {
        await handle.close();
      }
    });
  }

  verify(key: string, expected: Digest, call: StorageCall): Promise<Result<StoredClip | undefined, PluginFailure>> {
    return this.#settle(`verify ${key}`, key, call, async () =>
      (await this.#holds(key, expected, call)) ? stored(key) : undefined,
    );
  }

  get(key: string, path: string, call: StorageCall): Promise<Result<void, PluginFailure>> {
    return this.#settle(`fetch ${key}`, key, call, async () => {
      const got = await this.#read(key, call, (body, patience) => saveNew(path, body, patience).then(() => true));
      if (got === undefined) throw stop('CLIP_NOT_STORED_YET', `the server has nothing under ${key}`);
    });
  }

  delete(key: string): Promise<Result<void, PluginFailure>> {
    return this.#settle(`delete ${key}`, key, UNATTENDED, async () => {
      // Of a folder the server would delete all that is in it.
      if ((await this.#find(key, UNATTENDED)) !== undefined) await this.#remove(key, UNATTENDED);
    });
  }

  /** Makes the folder, as the first clip would: an address with a wrong path is told now, and not when a clip waits. */
  async ping(): Promise<Result<void, PluginFailure>> {
    const { signal } = UNATTENDED;
    const found = await settle(signal, this.#link.explain('reach the WebDAV server'), async () =>
      this.#link.askOf(UNATTENDED, (client, patience) => client.stat('/', { signal: patience.signal })),
    );
    if (!found.ok) return found;
    if (found.value !== undefined) return ok(undefined);
    return settle(signal, this.#link.explain('make the folder of `url`, whose path may be wrong'), async () => {
      await this.#link.ask(UNATTENDED, (client, patience) => client.createDirectory('/', { signal: patience.signal }));
    });
  }

  async close(): Promise<void> {}

  #settle<T>(what: string, key: string, call: StorageCall, work: () => Promise<T>): Promise<Result<T, PluginFailure>> {
    return settle(call.signal, this.#link.explain(what), async () => {
      checkKey(key);
      if (key.split('/')[0] === PRIVATE_DIR) throw stop('STORAGE_DENIED', `${key} is in the storage's own folder`);
      return work();
    });
  }

  /** Uploads under a name of its own, reads it back, and only then gives it its name, which never replaces anything. */
  async #write(handle: FileHandle, key: string, file: LocalFile, call: StorageCall): Promise<void> {
    await this.#makeFolder(PARTS_DIR, call);
    await this.#makeFolder(key.split('/').slice(0, -1).join('/'), call);
    await this.#sweep(call);
    const part = newPart();
    try {
      await this.#send(handle, part, file, call);
      await this.#check(part, file, call);
      if (await this.#publish(part, key, call)) return;
    } catch (thrown) {
      // Perhaps because somebody has removed a folder.
      this.#folders.clear();
      await this.#discard(part, call);
      throw thrown;
    }
    await this.#discard(part, call);
    // Another put was faster: good when it stored the same bytes.
    if (!(await this.#holds(key, file, call))) throw stop('STORAGE_UNREACHABLE', `another upload to ${key} goes on`);
  }

  /** Also of a call that was cancelled. What cannot be removed now is swept later. */
  async #discard(part: string, { onProgress }: StorageCall): Promise<void> {
    await this.#remove(part, { ...UNATTENDED, onProgress }).catch(() => undefined);
  }

  async #send(handle: FileHandle, part: string, { sizeBytes }: LocalFile, call: StorageCall): Promise<void> {
    await this.#link.ask(call, (client, patience) => {
      const data = Readable.from(slicesToSend(handle, { start: 0, end: sizeBytes }, patience), { objectMode: false });
      const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': String(sizeBytes) };
      return client.customRequest(part, { method: 'PUT', data, headers, signal: patience.signal });
    });
  }

  async #check(part: string, file: LocalFile, call: StorageCall): Promise<void> {
    const reading: StorageCall = { signal: call.signal, onProgress: () => call.onProgress(file.sizeBytes) };
    const isSame = this.#config.read_back
      ? (await this.#read(part, reading, hashOf)) === file.sha256
      : (await this.#find(part, reading))?.size === file.sizeBytes;
    if (!isSame) throw stop('STORAGE_UNVERIFIED', 'the copy on the server differs and was discarded');
  }

  /** False when something has the name already. */
  async #publish(part: string, key: string, call: StorageCall): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#link.ask(call, (client, { signal }) => client.moveFile(part, key, { overwrite: false, signal }));
        return true;
      } catch (thrown) {
        if (isTaken(thrown)) return false;
        if (!isLocked(thrown) || tries === LOCKED_TRIES) throw thrown;
        await delay(LOCKED_WAIT_MS, undefined, { signal: call.signal });
      }
    }
  }

  /** Whether exactly these bytes are there, by reading them: WebDAV knows no hashes. Others: STORAGE_CONFLICT. */
  async #holds(key: string, expected: Digest, call: StorageCall): Promise<boolean> {
    const found = await this.#find(key, call);
    if (found === undefined) return false;
    const isSame = found.size === expected.sizeBytes && (await this.#read(key, call, hashOf)) === expected.sha256;
    if (!isSame) throw stop('STORAGE_CONFLICT', `the server holds other bytes under ${key}`);
    return true;
  }

  /** What is under the key; a folder there is a conflict. */
  async #find(key: string, call: StorageCall): Promise<FileStat | undefined> {
    const found = await this.#link.askOf(call, (client, { signal }) => client.stat(key, { signal }));
    // Typed as one of two shapes; without `details` it is this one.
    const stat = found as FileStat | undefined;
    if (stat?.type === 'directory') throw stop('STORAGE_CONFLICT', `${key} is a folder`);
    return stat;
  }

  #read<T>(
    key: string,
    call: StorageCall,
    use: (body: AsyncIterable<Uint8Array>, patience: Patience) => Promise<T>,
  ): Promise<T | undefined> {
    return this.#link.askOf(call, async (client, patience) => {
      // Not `createReadStream`: its stream never ends when the connection breaks. Typed as in browsers; here the body is Node's stream.
      const response = await client.customRequest(key, { method: 'GET', signal: patience.signal });
      const body = 'body' in response ? response.body : undefined;
      if (!(body instanceof Readable)) throw new Error('the library gave no stream');
      return use(body, patience);
    });
  }

  async #remove(key: string, call: StorageCall): Promise<void> {
    await this.#link.askOf(call, (client, { signal }) => client.deleteFile(key, { signal }));
  }

  /** Makes a folder and those above it, also the one that the configuration names. */
  async #makeFolder(path: string, call: StorageCall): Promise<void> {
    const names = path.split('/');
    const paths = ['/', ...names.map((_name, index) => names.slice(0, index + 1).join('/')).filter((each) => each !== '')];
    for (const folder of paths) {
      if (this.#folders.has(folder)) continue;
      const found = await this.#link.askOf(call, (client, { signal }) => client.stat(folder, { signal }));
      if (found === undefined) await this.#makeOne(folder, call);
      this.#folders.add(folder);
    }
  }

  async #makeOne(folder: string, call: StorageCall): Promise<void> {
    try {
      await this.#link.ask(call, (client, { signal }) => client.createDirectory(folder, { signal }));
    } catch (thrown) {
      if (!isFolderThere(thrown)) throw thrown;
    }
  }

  async #sweep(call: StorageCall): Promise<void> {
    if (this.#isSwept) return;
    this.#isSwept = true;
    try {
      await sweepParts(this.#link, call);
    } catch (thrown) {
      const { code, message } = this.#link.explain('remove broken uploads')(thrown);
      this.#logger.warn({ code, reason: message }, `broken uploads stay on the server, in ${PARTS_DIR}`);
    }
  }
}

const stop = (code: StageErrorCode, message: string): StorageStop => new StorageStop(pluginFailure(code, message));

/** Relative to the folder, so that it can be moved. */
const stored = (key: string): StoredClip => ({ storageUri: `webdav:${key}` });
