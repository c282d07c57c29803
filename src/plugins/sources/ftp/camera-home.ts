import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import type { Instant } from '../../../domain/instant.ts';
import type { SourceProblem } from '../../spec/source.ts';
import { isFolder, isThere, statIfFile, unlessMissing } from './file-facts.ts';
import { moveUpload } from './move-upload.ts';
import type { Entry } from './server/listing.ts';
import type { VirtualPath } from './server/virtual-path.ts';

export interface CameraHomeOptions {
  /** The camera's own folder. */
  readonly folder: string;
  /** Extensions of what becomes a clip or a snapshot: a camera cannot remove such files. */
  readonly footage: ReadonlySet<string>;
  readonly resumeWaitMs: number;
  readonly now: () => Instant;
}

/** One file on its way in. */
export interface Upload {
  write(chunk: Uint8Array): Promise<void>;
  /** All of it came: forced to disk, and from now on to be found under its name. */
  finish(): Promise<void>;
  /** It broke off. It waits for the camera to go on, and is then treated as if it had been finished. */
  breakOff(): Promise<void>;
}

/**
 * A camera's files, as the camera sees them. What is being uploaded lies in `incoming/`, what has been in `uploads/`; the camera sees
 * both as one. Nothing that was uploaded is ever written over. Everything here rejects with the system's error.
 */
export interface CameraHome {
  readonly uploads: string;
  readonly snapshots: string;
  /** Makes the folders, and finishes what an earlier process left in `incoming/`. */
  open(): Promise<void>;
  list(path: VirtualPath): Promise<Entry[]>;
  look(path: VirtualPath): Promise<Entry>;
  makeFolder(path: VirtualPath): Promise<void>;
  removeFolder(path: VirtualPath): Promise<void>;
  rename(from: VirtualPath, to: VirtualPath): Promise<void>;
  /** Only an unfinished upload, or a file that is no footage. */
  remove(path: VirtualPath): Promise<void>;
  /** @param startAt 0, or to go on with what is there: its size, or `end`. */
  openUpload(path: VirtualPath, startAt: number | 'end'): Promise<Upload>;
  /** Uploads that broke off and wait. */
  waiting(): SourceProblem[];
  close(): void;
}

interface Waiting {
  readonly timer: NodeJS.Timeout;
  readonly problem: SourceProblem;
}

/** The state of one home. Paths in it are relative to `incoming/` and `uploads/` alike. */
interface Home {
  readonly options: CameraHomeOptions;
  readonly incoming: string;
  readonly uploads: string;
  /** Names that are being uploaded or moved. */
  readonly active: Set<string>;
  readonly waiting: Map<string, Waiting>;
  /** Ends when the last move into `uploads/` has: two at once could choose one name. */
  lastReveal: Promise<void>;
}

export function createCameraHome(options: CameraHomeOptions): CameraHome {
  const home: Home = {
    options,
    incoming: join(options.folder, 'incoming'),
    uploads: join(options.folder, 'uploads'),
    active: new Set(),
    waiting: new Map(),
    lastReveal: Promise.resolve(),
  };
  return {
    uploads: home.uploads,
    snapshots: join(options.folder, 'snapshots'),
    open: () => openHome(home),
    list: (path) => listFolder(home, path),
    look: (path) => look(home, path),
    async makeFolder(path) {
      await mkdir(join(home.uploads, ...path.slice(0, -1)), { recursive: true });
      await mkdir(join(home.uploads, ...path));
    },
    removeFolder: (path) => rmdir(join(home.uploads, ...path)),
    rename: (from, to) => renameUpload(home, join(...from), join(...to)),
    remove: (path) => removeUpload(home, join(...path)),
    openUpload: (path, startAt) => openUpload(home, join(...path), startAt),
    waiting: () => [...home.waiting.values()].map(({ problem }) => problem),
    close() {
      for (const { timer } of home.waiting.values()) clearTimeout(timer);
      home.waiting.clear();
    },
  };
}

async function openHome(home: Home): Promise<void> {
  for (const folder of [home.incoming, home.uploads]) await mkdir(folder, { recursive: true });
  const left = await readdir(home.incoming, { recursive: true, withFileTypes: true });
  for (const entry of left.filter((file) => file.isFile()))
    await reveal(home, relative(home.incoming, join(entry.parentPath, entry.name)));
}

async function listFolder(home: Home, path: VirtualPath): Promise<Entry[]> {
  const names = new Set(await readdir(join(home.uploads, ...path)));
  for (const name of await readdir(join(home.incoming, ...path)).catch(() => [])) names.add(name);
  const entries = await Promise.all([...names].toSorted().map((name) => look(home, [...path, name]).catch(() => undefined)));
  return entries.filter((entry) => entry !== undefined);
}

async function look(home: Home, path: VirtualPath): Promise<Entry> {
  const facts = (await statIfFile(join(home.incoming, ...path))) ?? (await stat(join(home.uploads, ...path)));
  return { name: path.at(-1) ?? '/', isFolder: facts.isDirectory(), sizeBytes: facts.size, modifiedMs: facts.mtimeMs };
}

async function renameUpload(home: Home, from: string, to: string): Promise<void> {
  if (home.active.has(from) || home.active.has(to)) throw systemError('EBUSY');
  // Else it could be removed under its new name.
  if (isFootage(home, from) && !isFootage(home, to)) throw systemError('EPERM');
  if (await isThere(join(home.uploads, to))) throw systemError('EEXIST');
  await mkdir(dirname(join(home.uploads, to)), { recursive: true });
  await rename(join(home.uploads, from), join(home.uploads, to));
}

async function removeUpload(home: Home, name: string): Promise<void> {
  if (home.active.has(name)) throw systemError('EBUSY');
  const partial = join(home.incoming, name);
  if ((await statIfFile(partial)) !== undefined) {
    stopWaiting(home, name);
    return rm(partial);
  }
  const path = join(home.uploads, name);
  await stat(path);
  if (isFootage(home, name)) throw systemError('EPERM');
  return rm(path);
}

const isFootage = ({ options }: Home, name: string): boolean => options.footage.has(extname(name).toLowerCase());

async function openUpload(home: Home, name: string, startAt: number | 'end'): Promise<Upload> {
  if (home.active.has(name)) throw systemError('EBUSY');
  home.active.add(name);
  try {
    stopWaiting(home, name);
    return await beginUpload(home, name, startAt);
  } catch (cause) {
    home.active.delete(name);
    throw cause;
  }
}

async function beginUpload(home: Home, name: string, startAt: number | 'end'): Promise<Upload> {
  const partial = join(home.incoming, name);
  if (await isFolder(join(home.uploads, name))) throw systemError('EISDIR');
  await mkdir(dirname(partial), { recursive: true });
  const before = await statIfFile(partial);
  // An earlier attempt is kept; the new one replaces it if that turns out to be its beginning.
  if (startAt === 0 && before !== undefined) await reveal(home, name);
  // A camera that adds to a finished upload takes it up again.
  if (startAt !== 0 && before === undefined) await rename(join(home.uploads, name), partial).catch(unlessMissing);
  const file = await open(partial, startAt === 0 ? 'wx' : 'a');
  try {
    const { size } = await file.stat();
    if (startAt !== 'end' && startAt !== size) throw systemError('ERANGE');
  } catch (cause) {
    await file.close();
    await reveal(home, name);
    throw cause;
  }
  return uploadInto(home, name, file);
}

function uploadInto(home: Home, name: string, file: FileHandle): Upload {
  return {
    write: (chunk) => file.writeFile(chunk),
    finish: () =>
      endUpload(home, name, async () => {
        try {
          await file.sync();
        } finally {
          await file.close();
        }
        await reveal(home, name);
      }),
    breakOff: () =>
      endUpload(home, name, async () => {
        const { size } = await file.stat();
        await file.close();
        if (size === 0) await rm(join(home.incoming, name), { force: true });
        else startWaiting(home, name, size);
      }),
  };
}

/** Until the last step is done, nobody else may begin one of this name. */
async function endUpload(home: Home, name: string, lastStep: () => Promise<void>): Promise<void> {
  try {
    await lastStep();
  } finally {
    home.active.delete(name);
  }
}

function startWaiting(home: Home, name: string, sizeBytes: number): void {
  const { resumeWaitMs, now } = home.options;
  const path = join(home.incoming, name);
  const message = `the upload broke off after ${sizeBytes} bytes; waiting for the camera to go on with it`;
  const giveUp = (): void => {
    stopWaiting(home, name);
    home.active.add(name);
    // Failing this, the next start does it.
    endUpload(home, name, () => reveal(home, name)).catch(() => undefined);
  };
  home.waiting.set(name, { timer: setTimeout(giveUp, resumeWaitMs), problem: { path, message, since: now() } });
}

function stopWaiting(home: Home, name: string): void {
  clearTimeout(home.waiting.get(name)?.timer);
  home.waiting.delete(name);
}

/** Moves an upload to where finished ones lie. */
function reveal(home: Home, name: string): Promise<void> {
  const moved = home.lastReveal.then(() => moveUpload(join(home.incoming, name), join(home.uploads, name)));
  home.lastReveal = moved.catch(() => undefined);
  return moved;
}

const systemError = (code: 'EBUSY' | 'EEXIST' | 'EISDIR' | 'EPERM' | 'ERANGE'): Error => Object.assign(new Error(code), { code });
