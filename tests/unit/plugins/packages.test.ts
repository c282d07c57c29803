import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatIssue } from '../../../src/config/issue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createConfigFolder, createSmallRegistry, SMALL_CONFIG } from '../../support/config-file.ts';

const SCHEMA = '{ safeParse: (data) => ({ success: true, data }) }';
const CLOUD = `{ kind: 'storage', backend: 'cloud', configSchema: ${SCHEMA}, create: () => ({ name: 'cloud' }) }`;
const MANIFEST = JSON.stringify({ name: 'homesec-cloud', type: 'module', exports: { '.': { import: './main.js' } } });

/** Writes a package and a configuration that names it, and loads that. */
async function loadWith(files: Record<string, string>, names: readonly string[] = ['homesec-cloud']) {
  await using place = await createConfigFolder();
  for (const [name, text] of Object.entries(files)) await place.write(name, text);
  const config = `${SMALL_CONFIG.replace('backend: disk', 'backend: cloud')}plugins: ${JSON.stringify(names)}\n`;
  const result = await loadConfig(await place.write('homesec.yaml', config), createSmallRegistry(), {});
  if (result.ok) return { problems: [], storages: result.value.registry.namesOf('storage') };
  return { problems: result.error.problems.map(formatIssue), storages: [] };
}

const inModules = (main: string) => ({
  [join('node_modules', 'homesec-cloud', 'package.json')]: MANIFEST,
  [join('node_modules', 'homesec-cloud', 'main.js')]: main,
});

describe('a third-party package', () => {
  test('beside the configuration brings its plugins, also when it exports only to import', async () => {
    // Given
    const files = inModules(`export const plugins = [${CLOUD}];`);
    // When
    const { problems, storages } = await loadWith(files);
    // Then
    expect(problems).toEqual([]);
    expect(storages).toEqual(['cloud', 'disk']);
  });

  test('may be a file beside the configuration', async () => {
    // Given
    const files = { 'mine/cloud.js': `export const plugins = [${CLOUD}];`, 'mine/package.json': '{"type":"module"}' };
    // When
    const { problems } = await loadWith(files, ['./mine/cloud.js']);
    // Then
    expect(problems).toEqual([]);
  });

  test.each([
    ['is not installed', {}, 'the package is not installed'],
    ['throws when loaded', inModules("throw new Error('no such chip');"), 'the package cannot be loaded (no such chip)'],
    ['cannot be parsed', inModules('export const ='), 'the package cannot be loaded ('],
    ['exports nothing of use', inModules('export const plugin = 1;'), 'the package exports no list named `plugins`'],
    ['exports something else', inModules('export const plugins = [{}];'), 'entry 0 of its `plugins` is not a plugin'],
    [
      'brings a built-in name',
      inModules(`export const plugins = [${CLOUD.replace("'cloud'", "'disk'")}];`),
      'the package brings a second storage plugin named disk',
    ],
  ])('that %s is a problem at its place in the file', async (_what, files, message) => {
    // Given the files
    // When
    const { problems } = await loadWith(files);
    // Then
    expect(problems).toContainEqual(expect.stringContaining(`plugins[0] (line 14): ${message}`));
    expect(problems).toContainEqual(expect.stringContaining('storage.backend (line 9): there is no storage plugin'));
  });
});
