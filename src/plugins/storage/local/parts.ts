import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from './failures.ts';
import { makeFolder } from './folders.ts';
import { PRIVATE_DIR } from './root.ts';

const PARTS_DIR = 'parts';
/** A put that is alive writes all the time; a part untouched for so long was left by one that was killed. */
const ABANDONED_AFTER_MS = 15 * 60_000;
/** These say that the file system knows no hard links (exFAT, SMB, many FUSE ones). */
const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** A file that is being written, not yet visible under any key. */
export interface Part {
  readonly path: string;
  readonly file: FileHandle;
}

/**
 * A new part, in a folder of its own below the root: on the same file system, so that it can be given its name in one step;
 * never below an empty mount point, where that folder is missing; and out of the owner's sight until it is whole.
 */
export async function openPart(root: string): Promise<Part> {
  // Not recursive: when the mount has vanished since the marker was seen, this fails as it should.
  const folder = await makeFolder(join(root, PRIVATE_DIR), [PARTS_DIR]);
  const path = join(folder, `${randomUUID()}.part`);
  return { path, file: await open(path, 'wx') };
}

/**
 * Gives a finished part its name; false when something has that name already. A hard link never replaces anything, so of
 * two puts that run at once one finds the other's file. Where there are no hard links, `rename` is the next best: two
 * processes that put different bytes under one key in the same instant may then overwrite each other.
 */
export async function publish(part: string, target: string): Promise<boolean> {
  try {
    await link(part, target);
    return true;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'EEXIST') return false;
    if (!NO_LINKS.includes(errno)) throw thrown;
  }
  if (await hasEntry(target)) return false;
  await rename(part, target);
  return true;
}

/** Takes a part away; after a rename it is gone already. */
export async function discard(part: string): Promise<void> {
  await unlink(part).catch((thrown: unknown) => {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
  });
}

/** Removes what killed puts have left. Age is told by the file system's own clock, which on a share is not ours. */
export async function sweepParts(current: Part): Promise<void> {
  const { mtimeMs: nowMs } = await current.file.stat();
  const folder = join(current.path, '..');
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && nowMs - found.mtimeMs > ABANDONED_AFTER_MS) await discard(path);
  }
}

const hasEntry = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (thrown: unknown) => {
      if (errnoOf(thrown) === 'ENOENT') return false;
      throw thrown;
    },
  );
