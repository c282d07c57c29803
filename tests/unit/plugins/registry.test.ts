import { describe, expect, test } from 'vitest';
import { createBuiltinRegistry } from '../../../src/plugins/builtin.ts';
import { createRegistry, describeLoadProblem } from '../../../src/plugins/registry.ts';
import { createSmallRegistry, SMALL_PLUGINS } from '../../support/config-file.ts';
import { createTestContext } from '../../support/plugin-context.ts';

describe('createRegistry', () => {
  test('refuses two plugins of one kind and name, also in another case', () => {
    // Given
    const [first] = SMALL_PLUGINS;
    if (first === undefined) throw new Error('no plugins');
    // When
    const result = createRegistry([...SMALL_PLUGINS, { ...first, backend: first.backend.toUpperCase() }]);
    // Then
    expect(result).toEqual({ ok: false, error: { code: 'plugin_collision', kind: first.kind, backend: 'FOLDER' } });
  });

  test('lets plugins of two kinds share a name', () => {
    // Given
    const storage = SMALL_PLUGINS.find(({ kind }) => kind === 'storage');
    if (storage === undefined) throw new Error('no storage');
    // When
    const result = createRegistry([...SMALL_PLUGINS, { ...storage, backend: 'folder' }]);
    // Then
    expect(result.ok).toBe(true);
  });

  test('takes all built-in plugins', () => {
    // Given the list that HomeSec comes with
    // When
    const registry = createBuiltinRegistry();
    // Then
    expect(registry.namesOf('policy')).toEqual(['default', 'noop']);
  });
});

describe('a plugin is loaded', () => {
  test('by its name in any case, with its defaults filled in', async () => {
    // Given
    const registry = createSmallRegistry();
    // When
    const loaded = await registry.loadStoragePlugin(' Disk ', {}, createTestContext());
    // Then
    expect(loaded).toMatchObject({ ok: true, value: { put: expect.any(Function) } });
  });

  test('for each of the six kinds', async () => {
    // Given
    const registry = createSmallRegistry();
    const context = createTestContext();
    // When
    const loaded = await Promise.all([
      registry.loadSourcePlugin('folder', { watch_dir: '.' }, context),
      registry.loadStoragePlugin('disk', {}, context),
      registry.loadFilterPlugin('animals', {}, context),
      registry.loadAnalyzerPlugin('words', {}, context),
      registry.loadPolicyPlugin('default', {}, context),
      registry.loadNotifierPlugin('bell', {}, context),
    ]);
    // Then
    expect(loaded.map(({ ok }) => ok)).toEqual([true, true, true, true, true, true]);
  });

  test('only of the kind that is asked for', async () => {
    // Given a source named folder
    const registry = createSmallRegistry();
    // When
    const loaded = await registry.loadStoragePlugin('folder', {}, createTestContext());
    // Then
    expect(loaded).toMatchObject({ ok: false, error: { code: 'unknown_plugin', kind: 'storage', available: ['disk'] } });
  });

  test('never under an unknown name, but the nearest one is suggested with all there are', async () => {
    // Given
    const registry = createSmallRegistry();
    // When
    const loaded = await registry.loadFilterPlugin('animal', {}, createTestContext());
    // Then
    expect(loaded.ok ? '' : describeLoadProblem(loaded.error)).toBe(
      'There is no filter plugin of this name. Did you mean animals? Available: animals.',
    );
  });

  test('never with a config that its schema refuses, and the message keeps the value to itself', async () => {
    // Given
    const registry = createSmallRegistry();
    // When
    const loaded = await registry.loadSourcePlugin('folder', { watch_dir: 5, password: 'hunter2' }, createTestContext());
    // Then
    const message = loaded.ok ? '' : describeLoadProblem(loaded.error);
    expect(message).toBe('The config of source plugin folder is not valid at: watch_dir, config.');
  });
});
