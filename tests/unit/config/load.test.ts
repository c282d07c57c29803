import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { validateConfig } from '../../../src/config/validate.ts';
import { createConfigFolder, createSmallRegistry, SMALL_CONFIG } from '../../support/config-file.ts';
import { changed, load } from '../../support/loaded-config.ts';

describe('a valid configuration', () => {
  test('is loaded with its defaults and the folder that relative paths start from', async () => {
    // Given
    await using place = await createConfigFolder();
    const file = await place.write('homesec.yaml', SMALL_CONFIG);
    // When
    const result = await loadConfig(file, createSmallRegistry(), {});
    // Then
    expect(result).toMatchObject({
      ok: true,
      value: { file, folder: place.folder, warnings: [], config: { data_dir: './homesec-data', alert: { deadline_s: 60 } } },
    });
  });

  test('is summed up in one line', async () => {
    // Given
    await using place = await createConfigFolder();
    const file = await place.write('homesec.yaml', `${SMALL_CONFIG}notifiers:\n  - {name: hall, backend: Bell}\n`);
    // When
    const validation = await validateConfig(file, createSmallRegistry(), {});
    // Then
    expect(validation.problems).toEqual([]);
    expect(validation.summary).toBe(
      '1 camera; storage disk; filter animals; vlm words (trigger_only); policy default; alerts to hall',
    );
  });

  test('keeps an unknown key of a section opaque to the core when the plugin allows it', async () => {
    // Given a plugin name in another case
    const text = changed('backend: disk', 'backend: DISK');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([]);
  });
});

describe('the file itself', () => {
  test.each([
    ['nothing', '', 'CONFIG_EMPTY_FILE'],
    ['only comments', '# later\n', 'CONFIG_EMPTY_FILE'],
    ['a list', '- version: 1\n', 'CONFIG_ROOT_NOT_MAPPING'],
    ['a text', 'hello\n', 'CONFIG_ROOT_NOT_MAPPING'],
    ['an unclosed bracket', 'cameras: [\n', 'CONFIG_YAML_INVALID'],
    ['an unknown alias', 'version: *one\n', 'CONFIG_YAML_INVALID'],
    ['a tag', 'version: !secret one\n', 'CONFIG_YAML_INVALID'],
    ['two documents', 'version: 1\n---\nversion: 1\n', 'CONFIG_YAML_INVALID'],
  ])('with %s is refused', async (_what, text, code) => {
    // Given the text
    // When
    const { codes } = await load(text);
    // Then
    expect(codes).toEqual([code]);
  });

  test('that does not exist, or is a folder, is refused', async () => {
    // Given
    await using place = await createConfigFolder();
    // When
    const missing = await validateConfig(join(place.folder, 'none.yaml'), createSmallRegistry(), {});
    const folder = await validateConfig(place.folder, createSmallRegistry(), {});
    // Then
    expect(missing.problems.map(({ code }) => code)).toEqual(['CONFIG_FILE_NOT_FOUND']);
    expect(folder.problems.map(({ code }) => code)).toEqual(['CONFIG_FILE_UNREADABLE']);
  });

  test('with a tab names the line', async () => {
    // Given
    const text = 'version: 1\nstorage:\n\tbackend: disk\n';
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toContain('(file) (line 3): the line is indented with a tab; indent with spaces');
  });

  test('with a duplicate key is refused, and the rest is still checked', async () => {
    // Given
    const text = `${SMALL_CONFIG}alert: {deadline_s: -1}\nalert: {deadline_s: -2}\n`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([
      '(file) (line 15): the same key stands twice in one mapping; keep one of them',
      expect.stringMatching(/^alert\.deadline_s \(line 15\): must be at least 0; /),
    ]);
  });

  test.runIf(process.platform !== 'win32')('that others may read is used with a warning', async () => {
    // Given
    await using place = await createConfigFolder();
    const file = await place.write('homesec.yaml', SMALL_CONFIG);
    await chmod(file, 0o640);
    // When
    const { problems, warnings } = await validateConfig(file, createSmallRegistry(), {});
    // Then
    expect(problems).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(['CONFIG_FILE_READABLE_BY_OTHERS']);
  });
});

describe('keys', () => {
  test('that are mistyped are refused with the nearest known one', async () => {
    // Given
    const text = changed('watch_dir: ./incoming', 'watch_dri: ./incoming').replace('storage:\n', 'storage:\n  pahts: {}\n');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([
      'cameras[0].source.config.watch_dir (line 6): is missing; add: Folder to watch.',
      'cameras[0].source.config.watch_dri (line 7): is not a known key; did you mean watch_dir?',
      'storage.pahts (line 9): is not a known key; did you mean paths?',
    ]);
  });

  test.each([
    ['server: {port: 8081}', 'server'],
    ['preview: {}', 'preview'],
    ['talk: {}', 'talk'],
    ['maintenance: {}', 'maintenance'],
    ['state_store: {dsn: somewhere}', 'state_store.dsn'],
    ['concurrency: {max_clips_in_flight: 4}', 'concurrency.max_clips_in_flight'],
  ])('without effect are refused: %s', async (line, path) => {
    // Given
    const text = `${SMALL_CONFIG}${line}\n`;
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(codes).toEqual(['CONFIG_KEY_WITHOUT_EFFECT']);
    expect(problems[0]).toContain(`${path} (line 14): has no effect in this version; `);
  });

  test('without effect are found in every camera', async () => {
    // Given
    const text = changed('  - name: Front Door\n', '  - name: Front Door\n    talk: {mode: auto}\n');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual(['cameras[0].talk (line 4): has no effect in this version; remove it']);
  });
});

describe('everything wrong at once', () => {
  test('is told at once, in the order of the file', async () => {
    // Given faults in the core, in plugins and between them
    const text = `version: 2
cameras:
  - name: One
    enabled: sometimes
    source: {backend: foldr}
  - name: one
    source: {backend: folder, config: {watch_dir: ./storage/in}}
storage: {backend: disk}
filter: {backend: animals, config: {classes: [person, zebra]}}
vlm: {backend: words, run_mode: alway}
`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([
      'version (line 1): must be 1; write 1',
      'cameras[0].enabled (line 4): must be true or false; write: Whether it records.',
      'cameras[0].source.backend (line 5): there is no source plugin of this name; did you mean folder?',
      'cameras[1].name (line 6): differs from the name of cameras[0] only in case or punctuation; give each its own name',
      'storage.config.root (line 8): overlaps the folder of cameras[1].source.config.watch_dir; use folders of which none lies in another',
      'filter.config.classes[1] (line 9): must be one of person, cat, dog; write person or cat or dog',
      'vlm.run_mode (line 10): must be one of trigger_only, always, never; did you mean always?',
    ]);
  });

  test('a missing section is a problem, not a crash', async () => {
    // Given
    const text = 'version: 1\n';
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(new Set(codes)).toEqual(new Set(['CONFIG_VALIDATION_FAILED']));
    expect(problems.map((problem) => problem.split(':', 1)[0])).toEqual(['cameras', 'storage', 'filter', 'vlm']);
  });
});
