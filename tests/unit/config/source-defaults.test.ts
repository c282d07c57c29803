import { describe, expect, test } from 'vitest';
import { formatIssue } from '../../../src/config/issue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { createConfigFolder, createSmallRegistry } from '../../support/config-file.ts';

/** Two cameras of one backend, of which the second writes everything itself. */
const configOf = (defaults: string, first = '{watch_dir: ./one}'): string => `version: 1
source_defaults: ${defaults}
cameras:
  - name: Front Door
    source: {backend: Folder, config: ${first}}
  - name: Garden
    source: {backend: folder, config: {watch_dir: ./two, password_env: GARDEN}}
storage: {backend: disk}
filter: {backend: animals}
vlm: {backend: words}
`;

async function load(text: string, environment: Record<string, string> = {}) {
  await using place = await createConfigFolder();
  const result = await loadConfig(await place.write('homesec.yaml', text), createSmallRegistry(), environment);
  if (!result.ok) return { problems: result.error.problems.map(formatIssue), warnings: [], configs: [] };
  const configs = result.value.config.cameras.map(({ source }) => source.config);
  return { problems: [], warnings: result.value.warnings.map(({ path }) => path.join('.')), configs };
}

describe('source_defaults', () => {
  test('are keys of every camera of the backend that does not write its own', async () => {
    // Given
    const text = configOf('{folder: {password_env: SHARED}}');
    // When
    const { configs } = await load(text);
    // Then
    expect(configs).toEqual([
      { watch_dir: './one', password_env: 'SHARED' },
      { watch_dir: './two', password_env: 'GARDEN' },
    ]);
  });

  test('may give a key that the plugin requires, also to a camera without any config', async () => {
    // Given
    const text = configOf('{folder: {watch_dir: ./one}}').replace(', config: {watch_dir: ./one}', '');
    // When
    const { configs } = await load(text);
    // Then
    expect(configs[0]).toEqual({ watch_dir: './one' });
  });

  test.each([
    ['an unknown key', '{folder: {watch_dri: ./x}}', 'source_defaults.folder.watch_dri (line 2): is not a known key'],
    ['a wrong value', '{folder: {password_env: 5}}', 'source_defaults.folder.password_env (line 2): must be a text'],
    [
      'a secret',
      '{folder: {password_env: sk-abcdefghijklmnop1234567890}}',
      'source_defaults.folder.password_env (line 2): looks like',
    ],
    ['a backend of no camera', '{folders: {watch_dir: ./x}}', 'source_defaults.folders (line 2): no camera has a source'],
    ['what is no mapping', '{folder: 5}', 'source_defaults.folder (line 2): must be a mapping'],
  ])('%s in them is told once, where it stands', async (_what, defaults, message) => {
    // Given
    const text = configOf(defaults);
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([expect.stringContaining(message)]);
  });

  test("a camera's own mistake is told at the camera, also where a default stands behind it", async () => {
    // Given
    const text = configOf('{folder: {password_env: SHARED}}', '{watch_dir: ./one, password_env: 5}');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([expect.stringContaining('cameras[0].source.config.password_env (line 5): must be a text')]);
  });

  test('a variable that is missing is warned of where it is named', async () => {
    // Given
    const text = configOf('{folder: {password_env: SHARED}}');
    // When
    const { warnings } = await load(text, { GARDEN: 'set' });
    // Then
    expect(warnings).toEqual(['source_defaults.folder.password_env']);
  });
});
