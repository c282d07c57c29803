import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireRoleLock } from '../spool/role-lock.ts';
import type { App } from './app.ts';

/** A folder for copies of clips that this process alone uses. It goes when the process ends. */
export interface CopiesFolder extends AsyncDisposable {
  readonly dir: string;
}

const LOCK_SUFFIX = '.lock';

/**
 * Makes the folder, and removes those that killed processes have left behind. Each has a lock beside it that the kernel drops
 * with its process, so that workers that share a data folder, also from containers, never take a living one for a dead one's.
 */
export async function openCopiesFolder({ folders }: Pick<App, 'folders'>): Promise<CopiesFolder> {
  const root = join(folders.temp, 'copies');
  await mkdir(root, { recursive: true });
  await sweep(root);
  const dir = join(root, randomUUID());
  const lock = acquireRoleLock(`${dir}.new`);
  if (!lock.ok) throw new Error(`cannot lock ${dir}`, { cause: lock.error.cause });
  await mkdir(dir);
  // Under the name that others sweep only once it is locked.
  await rename(`${dir}.new`, `${dir}${LOCK_SUFFIX}`);
  return {
    dir,
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
      await rm(`${dir}${LOCK_SUFFIX}`, { force: true });
      lock.value.release();
    },
  };
}

async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.endsWith(LOCK_SUFFIX)) continue;
    const lockFile = join(root, name);
    const lock = acquireRoleLock(lockFile);
    if (!lock.ok) continue;
    await rm(lockFile.slice(0, -LOCK_SUFFIX.length), { recursive: true, force: true });
    await rm(lockFile, { force: true });
    lock.value.release();
  }
}
