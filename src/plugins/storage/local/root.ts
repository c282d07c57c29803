import { createHash, randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, realpath, rename, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { syncFolder } from './durable.ts';
import { isAbsent, storageFailure } from './failures.ts';
import { makeFolder } from './folders.ts';

/** The storage's own folder below its root: the marker, and parts that are being written. */
export const PRIVATE_DIR = '.homesec';
const MARKER = 'THIS-IS-HOMESEC-STORAGE.txt';
/** With less, hardly a clip fits. */
const ROOM_BYTES = 10_000_000;
const MARKER_TEXT = `HomeSec keeps recordings in this folder and knows it by this file.
Without it HomeSec takes the disk or share for not mounted, and stores nothing here.
`;

/**
 * Knows whether the root is the storage, or only the empty mount point of a disk that is away.
 *
 * A marker in the root says that it is. The marker is written once, when this computer first stores something there, and a
 * note in `stateDir` remembers that it was. A known root without its marker is not there: STORAGE_UNREACHABLE, whatever
 * else may lie in the folder.
 */
export class StorageRoot {
  readonly #path: string;
  readonly #marker: string;
  readonly #note: string;

  constructor(path: string, stateDir: string) {
    this.#path = path;
    this.#marker = join(path, PRIVATE_DIR, MARKER);
    this.#note = join(stateDir, `local-storage-${createHash('sha256').update(path).digest('hex').slice(0, 16)}.txt`);
  }

  /**
   * For reading: the root without symbolic links, or undefined when it was never used from here and has no marker, which is
   * as good as empty. Changes nothing in the root.
   */
  async find(): Promise<Result<string | undefined, PluginFailure>> {
    try {
      const isKnown = await exists(this.#note);
      if (!(await exists(this.#marker))) return isKnown ? err(this.#away()) : ok(undefined);
      if (!isKnown) await writeFile(this.#note, `${this.#path}\n`);
      return ok(await realpath(this.#path));
    } catch (thrown) {
      return err(storageFailure(`reach the storage root ${this.#path}`, thrown));
    }
  }

  /** For writing: a root that was never used is made and marked first. */
  async prepare(): Promise<Result<string, PluginFailure>> {
    const found = await this.find();
    if (!found.ok) return found;
    if (found.value !== undefined) return ok(found.value);
    try {
      await this.#mark();
      await writeFile(this.#note, `${this.#path}\n`);
      return ok(await realpath(this.#path));
    } catch (thrown) {
      return err(storageFailure(`set up the storage root ${this.#path}`, thrown));
    }
  }

  /** Whether clips could be written now. Changes nothing in the root. */
  async check(): Promise<Result<void, PluginFailure>> {
    const found = await this.find();
    if (!found.ok) return found;
    try {
      const folder = found.value ?? (await nearestFolder(this.#path));
      await access(folder, constants.W_OK | constants.X_OK);
      const { blocks, bavail, bsize } = await statfs(folder);
      // Some network file systems say nothing of their size.
      if (blocks === 0 || bavail * bsize >= ROOM_BYTES) return ok(undefined);
      return err(pluginFailure('STORAGE_FULL', `${this.#path} has less than ${ROOM_BYTES / 1e6} MB of room left`));
    } catch (thrown) {
      return err(storageFailure(`write to the storage root ${this.#path}`, thrown));
    }
  }

  #away(): PluginFailure {
    const what = `${this.#path} has lost its marker ${PRIVATE_DIR}/${MARKER}: the disk or share is not mounted there.`;
    return pluginFailure('STORAGE_UNREACHABLE', `${what} If it was emptied on purpose, delete ${this.#note}`);
  }

  /** The marker comes into being whole or not at all; two processes that make it at once do no harm. */
  async #mark(): Promise<void> {
    await mkdir(this.#path, { recursive: true });
    const folder = await makeFolder(await realpath(this.#path), [PRIVATE_DIR]);
    const unfinished = join(folder, `${MARKER}.${randomUUID()}`);
    const file = await open(unfinished, 'wx');
    try {
      await file.writeFile(MARKER_TEXT);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, join(folder, MARKER));
    await syncFolder(folder);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (isAbsent(thrown)) return false;
    throw thrown;
  }
}

/** The folder itself, or the nearest one above it that exists. */
async function nearestFolder(path: string): Promise<string> {
  return (await exists(path)) || dirname(path) === path ? path : nearestFolder(dirname(path));
}
