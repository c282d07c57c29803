import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StoredClip } from '../../../domain/known.ts';
import type { Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { localFailure } from '../../../kit/local-bytes.ts';
import { StorageStop, settle, valueOf } from '../../../kit/storage-stop.ts';
import type { LocalFile, Storage, StorageCall } from '../../spec/storage.ts';
import { type Digest, openPlain, readThrough, sameBytes, writeAll } from './bytes.ts';
import { syncFolder } from './durable.ts';
import { errnoOf, isAbsent, storageFailure } from './failures.ts';
import { findFolder, makeFolder } from './folders.ts';
import { type ParsedKey, parseKey } from './key.ts';
import { discard, openPart, type Part, publish, sweepParts } from './parts.ts';
import type { StorageRoot } from './root.ts';

const SWEEP_EVERY_MS = 60 * 60_000;
const NEVER: AbortSignal = new AbortController().signal;

/** Keeps clips in a folder. See the README beside this file for the layout and for what holds after a crash. */
export class LocalStorage implements Storage {
  readonly #root: StorageRoot;
  #sweptAtMs = Number.NEGATIVE_INFINITY;

  constructor(root: StorageRoot) {
    this.#root = root;
  }

  put(file: LocalFile, key: string, call: StorageCall): Promise<Result<StoredClip, PluginFailure>> {
    return settle(call.signal, explain(`store ${key}`), async () => {
      const parsed = valueOf(parseKey(key));
      const root = valueOf(await this.#root.prepare());
      const target = join(await makeFolder(root, parsed.folders), parsed.name);
      if (!(await holds(target, file, call))) await this.#write(root, target, file, call);
      return stored(parsed);
    });
  }

  verify(key: string, expected: Digest, call: StorageCall): Promise<Result<StoredClip | undefined, PluginFailure>> {
    return settle(call.signal, explain(`verify ${key}`), async () => {
      const parsed = valueOf(parseKey(key));
      const target = await this.#find(parsed);
      return target !== undefined && (await holds(target, expected, call)) ? stored(parsed) : undefined;
    });
  }

  get(key: string, path: string, call: StorageCall): Promise<Result<void, PluginFailure>> {
    return settle(call.signal, explain(`fetch ${key}`), async () => {
      const target = await this.#find(valueOf(parseKey(key)));
      if (target === undefined || !(await fetchInto(path, target, call))) {
        throw new StorageStop(pluginFailure('CLIP_NOT_STORED_YET', `storage has nothing under ${key}`));
      }
    });
  }

  delete(key: string): Promise<Result<void, PluginFailure>> {
    return settle(NEVER, explain(`delete ${key}`), async () => {
      const target = await this.#find(valueOf(parseKey(key)));
      if (target === undefined) return;
      try {
        await unlink(target);
        await syncFolder(dirname(target));
      } catch (thrown) {
        if (!isAbsent(thrown)) throw thrown;
      }
    });
  }

  ping(): Promise<Result<void, PluginFailure>> {
    return this.#root.check();
  }

  async close(): Promise<void> {}

  /** Where the key's file is or would be; undefined when not even its folder exists. */
  async #find({ folders, name }: ParsedKey): Promise<string | undefined> {
    const root = valueOf(await this.#root.find());
    const folder = root === undefined ? undefined : await findFolder(root, folders);
    return folder === undefined ? undefined : join(folder, name);
  }

  /** Copies, makes durable, reads back, and only then gives the copy its name. */
  async #write(root: string, target: string, file: LocalFile, call: StorageCall): Promise<void> {
    const part = await openPart(root);
    try {
      await this.#sweep(part);
      await fill(part, file, call);
      const isNew = await publish(part.path, target);
      if (isNew) await syncFolder(dirname(target));
      // Another put was faster: good when it stored the same bytes, a conflict when not.
      else await holds(target, file, call);
    } finally {
      await part.file.close();
      await discard(part.path);
    }
  }

  async #sweep(part: Part): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#sweptAtMs < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    await sweepParts(part);
  }
}

/**
 * Fills a part with the clip's bytes. Two checks, for two faults: the hash taken while copying shows that the local bytes
 * are still those that were sealed (CLIP_CORRUPT), and reading the part back after `fsync` shows that the storage kept what
 * it was given (STORAGE_UNVERIFIED): local bytes are removed on the word of this copy.
 */
async function fill(part: Part, file: LocalFile, call: StorageCall): Promise<void> {
  const explain = (thrown: unknown) => localFailure(file.path, thrown);
  const source = await open(file.path, 'r').catch((thrown: unknown) => {
    throw new StorageStop(explain(thrown));
  });
  try {
    const copied = await readThrough({ file: source, call, explain, write: (chunk) => writePaced(part, chunk, call) });
    if (!sameBytes(copied, file)) throw new StorageStop(pluginFailure('CLIP_CORRUPT', `${file.path} is not what was sealed`));
    await part.file.sync();
  } finally {
    await source.close();
  }
  const backCall: StorageCall = { signal: call.signal, onProgress: () => call.onProgress(file.sizeBytes) };
  if (sameBytes(await digestOf(part.path, backCall), file)) return;
  throw new StorageStop(pluginFailure('STORAGE_UNVERIFIED', 'the copy read back from storage differs and was discarded'));
}

async function writePaced(part: Part, chunk: Uint8Array, call: StorageCall): Promise<void> {
  await call.pace?.(chunk.length);
  await writeAll(part.file, chunk);
}

/** Whether exactly these bytes are there. False: nothing is. Anything else that has the name: STORAGE_CONFLICT. */
async function holds(target: string, expected: Digest, call: StorageCall): Promise<boolean> {
  const found = await openStored(target);
  if (found === undefined) return false;
  try {
    const { size } = await found.stat();
    const isSame = size === expected.sizeBytes && sameBytes(await digest(found, call), expected);
    if (!isSame) throw new StorageStop(pluginFailure('STORAGE_CONFLICT', `storage holds other bytes in ${target}`));
    return true;
  } finally {
    await found.close();
  }
}

/** False: nothing is stored there. The new file appears under its name when it is complete. */
async function fetchInto(path: string, target: string, call: StorageCall): Promise<boolean> {
  const found = await openStored(target);
  if (found === undefined) return false;
  const unfinished = `${path}.${randomUUID()}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const copy = await open(unfinished, 'wx');
    try {
      const explain = (thrown: unknown) => storageFailure(`read ${target}`, thrown);
      await readThrough({ file: found, call, explain, write: (chunk) => writeAll(copy, chunk) });
    } finally {
      await copy.close();
    }
    await rename(unfinished, path);
    return true;
  } catch (thrown) {
    // What was wrong first is what is told.
    await discard(unfinished).catch(() => undefined);
    if (thrown instanceof StorageStop) throw thrown;
    throw new StorageStop(pluginFailure('UNEXPECTED', `could not write the local file ${path}: ${errnoOf(thrown)}`, thrown));
  } finally {
    await found.close();
  }
}

const explain = (what: string) => (thrown: unknown) => storageFailure(what, thrown);

async function openStored(target: string): Promise<FileHandle | undefined> {
  const file = await openPlain(target).catch((thrown: unknown) => {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  });
  if (file === undefined || (await file.stat()).isFile()) return file;
  await file.close();
  throw new StorageStop(pluginFailure('STORAGE_CONFLICT', `${target} is not a file`));
}

async function digestOf(path: string, call: StorageCall): Promise<Digest> {
  const file = await openPlain(path);
  try {
    return await digest(file, call);
  } finally {
    await file.close();
  }
}

const digest = (file: FileHandle, call: StorageCall): Promise<Digest> =>
  readThrough({ file, call, explain: (thrown) => storageFailure('read back from storage', thrown) });

/** Relative to the root, so that a root can move. No view URL: a `file:` link opens on no other computer. */
const stored = ({ key }: ParsedKey): StoredClip => ({ storageUri: `local:${key}` });
