import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SeenFile } from '../../../intake/list-folder.ts';

/** Pictures that belong to no clip, or to one that has its picture: the newest are kept. */
export interface KeptPictures {
  /** Moves a picture here. Rejects with the system's error. */
  keep(file: SeenFile): Promise<void>;
}

export function createKeptPictures(folder: string, maxCount: number): KeptPictures {
  return {
    async keep({ path, name, mtimeMs }) {
      await mkdir(folder, { recursive: true });
      // The time keeps apart what came under the same name, and a look at the folder in order.
      const time = new Date(mtimeMs).toISOString().replaceAll(/[:.]/g, '-');
      await rename(path, join(folder, `${time}_${name.replaceAll('/', '_')}`.slice(-200)));
      await prune(folder, maxCount);
    },
  };
}

async function prune(folder: string, maxCount: number): Promise<void> {
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  if (paths.length <= maxCount) return;
  const pictures = await Promise.all(paths.map(async (path) => ({ path, mtimeMs: await changedAtMs(path) })));
  const oldestFirst = pictures.toSorted((a, b) => a.mtimeMs - b.mtimeMs);
  for (const { path } of oldestFirst.slice(0, pictures.length - maxCount)) await rm(path, { force: true });
}

/** One that somebody has removed meanwhile is as good as the oldest: removed. */
const changedAtMs = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
