import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/run-tool.ts';
import { CODE_FOLDERS, filesBelow } from '../support/source-files.ts';

/** Names that say where code was put, not what it is. */
const BANNED = [
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'misc',
  'types',
  'interfaces',
  'manager',
  'base',
  'shared',
  'lib',
];
/** Where the outside asks for an index: Temporal's two folders, and each plugin. */
const INDEX_FOLDERS = /^(workflows|activities|src\/plugins\/\w+\/[\w-]+)$/;

test('files say what they hold', async () => {
  // Given
  const files = await filesBelow(CODE_FOLDERS);
  // When
  const words = (path: string) => basename(path).split('.')[0]?.split('-') ?? [];
  const vague = files.filter((path) => words(path).some((word) => BANNED.includes(word)));
  const folders = files.filter((path) =>
    dirname(path)
      .split('/')
      .some((folder) => BANNED.includes(folder)),
  );
  // Then
  expect(files.length).toBeGreaterThan(200);
  expect([...vague, ...folders]).toEqual([]);
});

test('files are named in kebab-case', async () => {
  // Given
  const files = (await filesBelow(CODE_FOLDERS)).filter((path) => path.endsWith('.ts'));
  // When
  const others = files.filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z-]+)*\.ts$/.test(basename(path)));
  // Then
  expect(others).toEqual([]);
});

test('only plugins and the folders that Temporal loads have an index', async () => {
  // Given
  const files = await filesBelow(CODE_FOLDERS);
  // When
  const indexes = files.filter((path) => basename(path) === 'index.ts' && !INDEX_FOLDERS.test(dirname(path)));
  // Then
  expect(indexes).toEqual([]);
});

test('no file silences the compiler, and who silences the linter says why', async () => {
  // Given
  const files = (await filesBelow(CODE_FOLDERS)).filter((path) => path.endsWith('.ts') && !path.endsWith('names.test.ts'));
  // When
  const silenced = await Promise.all(
    files.map(async (path) => {
      const lines = (await readFile(join(REPOSITORY, path), 'utf8')).split('\n');
      const isSilencing = (line: string) => /@ts-(ignore|nocheck|expect-error)/.test(line);
      const isUnreasoned = (line: string) => /(oxlint|eslint)-disable/.test(line) && !/ -- \S/.test(line);
      return lines.some((line) => isSilencing(line) || isUnreasoned(line)) ? [path] : [];
    }),
  );
  // Then
  expect(silenced.flat()).toEqual([]);
});
