import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { BUILTIN_PLUGINS } from '../../src/plugins/builtin.ts';
import { inputSchemaOf } from '../../tools/config-json-schema.ts';
import { keysOf } from '../../tools/json-schema.ts';
import { REPOSITORY } from '../support/run-tool.ts';
import { filesBelow } from '../support/source-files.ts';

const FOLDERS = {
  source: 'sources',
  storage: 'storage',
  filter: 'filters',
  analyzer: 'analyzers',
  policy: 'policies',
  notifier: 'notifiers',
} as const;

const read = (path: string): Promise<string> => readFile(join(REPOSITORY, path), 'utf8');

describe('every plugin folder', () => {
  let files: readonly string[];
  let folders: readonly string[];
  beforeAll(async () => {
    files = await filesBelow(['src/plugins', 'tests/contract']);
    const inKinds = files.filter((path) => Object.values(FOLDERS).some((kind) => path.startsWith(`src/plugins/${kind}/`)));
    folders = [...new Set(inKinds.map((path) => path.split('/').slice(0, 4).join('/')))];
  });

  test('has its index, its schema and its README', () => {
    // Given
    const parts = ['index.ts', 'config.ts', 'README.md'];
    // When
    const missing = folders.flatMap((folder) => parts.map((part) => `${folder}/${part}`)).filter((path) => !files.includes(path));
    // Then
    expect(folders.length).toBeGreaterThan(6);
    expect(missing).toEqual([]);
  });

  test('stands in the list of built-in plugins, under the name of its folder', () => {
    // Given
    const listed = BUILTIN_PLUGINS.map(({ kind, backend }) => `src/plugins/${FOLDERS[kind]}/${backend.replaceAll('_', '-')}`);
    // When
    const folderNames = folders.toSorted();
    // Then
    expect(listed.toSorted()).toEqual(folderNames);
  });

  test('passes the contract suite of its kind', async () => {
    // Given
    const suites = files.filter((path) => path.startsWith('tests/contract/') && path.endsWith('.test.ts'));
    const texts = (await Promise.all(suites.map(read))).join('\n');
    // When
    const untested = folders.filter((folder) => !texts.includes(`../../${folder}/index.ts`));
    // Then
    expect(untested).toEqual([]);
  });
});

describe('every built-in plugin', () => {
  test.each(BUILTIN_PLUGINS.map((plugin) => ({ name: `${plugin.kind} ${plugin.backend}`, plugin })))(
    '$name explains each of its keys in its README',
    async ({ plugin }) => {
      // Given
      const keys = keysOf(inputSchemaOf(plugin.configSchema)).map(({ path }) => path.split('.').at(-1) ?? path);
      // When
      const text = await read(`src/plugins/${FOLDERS[plugin.kind]}/${plugin.backend.replaceAll('_', '-')}/README.md`);
      // Then
      expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([]);
    },
  );
});
