import { mkdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pluginFailure } from '../../../domain/stage-error.ts';
import { StorageStop } from '../../../kit/storage-stop.ts';
import { syncFolder } from './durable.ts';
import { errnoOf, isAbsent } from './failures.ts';

/** The folder below `root`, made durably when it is not there. A link that leads out of the root is STORAGE_DENIED. */
export async function makeFolder(root: string, names: readonly string[]): Promise<string> {
  let folder = root;
  for (const name of names) {
    const next = join(folder, name);
    if (await makeOne(next)) await syncFolder(folder);
    folder = await contained(root, next);
  }
  return folder;
}

/** The folder below `root`, or undefined when there is none. */
export async function findFolder(root: string, names: readonly string[]): Promise<string | undefined> {
  try {
    return await contained(root, join(root, ...names));
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  }
}

async function makeOne(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

async function contained(root: string, path: string): Promise<string> {
  const real = await realpath(path);
  if (real === root || real.startsWith(root === sep ? sep : root + sep)) return real;
  throw new StorageStop(pluginFailure('STORAGE_DENIED', `${path} is a symbolic link that leads out of ${root}`));
}
