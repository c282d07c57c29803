import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from './run-tool.ts';

/** The folders of our own code. */
export const CODE_FOLDERS = ['src', 'workflows', 'activities', 'workers', 'tools', 'tests'] as const;

/** All files below some folders of the repository, as paths from its root with `/`. Fixtures are left out. */
export async function filesBelow(folders: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(REPOSITORY, folder), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  const paths = lists.flat().map((path) => path.slice(REPOSITORY.length + 1).replaceAll('\\', '/'));
  return paths.filter((path) => !path.startsWith('tests/fixtures/')).toSorted();
}
