import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localStorage } from '../../../src/plugins/storage/local/index.ts';

test.each([
  [{}, './storage'],
  [{ root: '~' }, homedir()],
  [{ root: '~/clips' }, join(homedir(), 'clips')],
  [{ root: 'a/b' }, 'a/b'],
  [{ root: '/mnt/nas' }, '/mnt/nas'],
])('the root of local storage with %j is %s, and is named as a folder in use', (config, folder) => {
  // Given a config
  const parsed = localStorage.configSchema.parse(config);
  // When it is asked for its folders
  const folders = localStorage.folders?.(parsed);
  // Then
  expect(folders).toEqual([{ path: ['root'], folder, use: 'storage' }]);
});

test.each([{ root: '' }, { root: '  ' }, { path: '/x' }])('local storage refuses the config %j', (config) => {
  // Given a config without sense
  // When it is parsed
  // Then
  expect(localStorage.configSchema.safeParse(config).success).toBe(false);
});
