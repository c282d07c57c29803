import { open } from 'node:fs/promises';
import { errnoOf } from './failures.ts';

/** Network and FUSE file systems that cannot sync a folder say so with one of these; they order renames themselves. */
const CANNOT_SYNC_FOLDERS: readonly (string | undefined)[] = ['EINVAL', 'EISDIR', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EBADF'];

/** Makes the names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } catch (thrown) {
    if (!CANNOT_SYNC_FOLDERS.includes(errnoOf(thrown))) throw thrown;
  } finally {
    await folder.close();
  }
}
