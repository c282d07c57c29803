import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Storage } from '../../src/plugins/spec/storage.ts';
import { localStorage } from '../../src/plugins/storage/local/index.ts';
import { createTestContext } from './plugin-context.ts';
import { writeLocalFile } from './storage-calls.ts';

/** Says of a folder that it is a storage's root. */
export const MARKER = '.homesec/THIS-IS-HOMESEC-STORAGE.txt';

/** What a test of the local storage is given: a folder of its own, in which the root does not exist yet. */
export interface LocalStorageGiven {
  folder: string;
  root: string;
  stateDir: string;
}

/** To be called once in a test file. */
export function useLocalStorage() {
  // Filled before the first test.
  const given = {} as LocalStorageGiven;
  beforeEach(async () => {
    given.folder = await mkdtemp(join(tmpdir(), 'homesec-local-storage-'));
    given.root = join(given.folder, 'root');
    given.stateDir = join(given.folder, 'state');
    await mkdir(given.stateDir);
  });
  afterEach(() => rm(given.folder, { recursive: true }));

  const openStorage = (root = given.root): Storage =>
    localStorage.create(localStorage.configSchema.parse({ root }), createTestContext({ stateDir: given.stateDir }));

  let files = 0;
  const localFile = (content: string | Buffer) => {
    files += 1;
    return writeLocalFile(join(given.folder, `clip-${files}.mp4`), content);
  };
  return { given, openStorage, localFile };
}

/** Every file below a folder, as relative paths, sorted. */
export async function filesBelow(path: string): Promise<string[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  const names = found.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return names.map((name) => name.slice(path.length + 1)).sort();
}
