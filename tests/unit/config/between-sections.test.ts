import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { validateConfig } from '../../../src/config/validate.ts';
import { createConfigFolder, createSmallRegistry, SMALL_CONFIG } from '../../support/config-file.ts';
import { changed, load } from '../../support/loaded-config.ts';

describe('names', () => {
  test.each([
    ['the same', 'Front Door', false],
    ['in another case', 'front door', false],
    ['with other punctuation', 'front_door', false],
    ['with blanks around it', '" Front Door "', false],
    ['of another place', 'Back Door', true],
    ['in full-width letters', '\uff26ront Door', false],
    ['in another script', '前门', true],
  ])('a second camera %s', async (_what, name, isFine) => {
    // Given
    const second = `  - name: ${name}\n    source: {backend: folder, config: {watch_dir: ./other}}\nstorage:`;
    // When
    const { codes } = await load(changed('storage:', second));
    // Then
    expect(codes).toEqual(isFine ? [] : ['CONFIG_NAME_NOT_UNIQUE']);
  });

  test('two cameras in a script without Latin letters are told apart', async () => {
    // Given
    const second = '  - name: 后门\n    source: {backend: folder, config: {watch_dir: ./other}}\nstorage:';
    const text = changed('storage:', second).replace('Front Door', '前门');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([]);
  });

  test('two channels of one name are refused', async () => {
    // Given
    const text = `${SMALL_CONFIG}notifiers:\n  - {name: hall, backend: bell}\n  - {name: Hall, backend: bell}\n`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([expect.stringContaining('notifiers[1].name (line 16): differs from the name of notifiers[0]')]);
  });
});

describe('folders', () => {
  test.each([
    ['the watched folder itself', './incoming'],
    ['inside the watched folder', './incoming/clips'],
    ['above the watched folder', '.'],
    ['another spelling of it', './x/../incoming'],
    ['the data folder', './homesec-data'],
    ['inside the data folder', './homesec-data/spool'],
  ])('storage in %s is refused', async (_what, root) => {
    // Given
    const text = changed('backend: disk', `backend: disk\n  config: {root: ${root}}`);
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(new Set(codes)).toEqual(new Set(['CONFIG_FOLDERS_OVERLAP']));
    expect(problems[0]).toContain('storage.config.root (line 10): overlaps the folder of ');
  });

  test('a folder whose name only begins like another is fine', async () => {
    // Given
    const text = changed('backend: disk', 'backend: disk\n  config: {root: ./incoming-clips}');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([]);
  });

  test('a link into another folder is seen through, also when the end of the path does not exist yet', async () => {
    // Given
    await using place = await createConfigFolder();
    await mkdir(join(place.folder, 'incoming'));
    await symlink(join(place.folder, 'incoming'), join(place.folder, 'link'));
    const text = changed('backend: disk', 'backend: disk\n  config: {root: ./link/later/on}');
    // When
    const { problems } = await validateConfig(await place.write('homesec.yaml', text), createSmallRegistry(), {});
    // Then
    expect(problems.map(({ code }) => code)).toEqual(['CONFIG_FOLDERS_OVERLAP']);
  });

  test('two cameras may not watch one folder, unless one of them is off', async () => {
    // Given
    const second = (enabled: boolean) =>
      `  - {name: Two, enabled: ${enabled}, source: {backend: folder, config: {watch_dir: ./incoming}}}\nstorage:`;
    // When
    const both = await load(changed('storage:', second(true)));
    const one = await load(changed('storage:', second(false)));
    // Then
    expect(both.codes).toEqual(['CONFIG_FOLDERS_OVERLAP']);
    expect(one.codes).toEqual([]);
  });

  test('the spool may lie in the data folder and nowhere else that is used', async () => {
    // Given
    const inData = `${SMALL_CONFIG}spool: {dir: ./homesec-data/here}\n`;
    const inWatched = `${SMALL_CONFIG}spool: {dir: ./incoming/spool}\n`;
    // When
    const fine = await load(inData);
    const refused = await load(inWatched);
    // Then
    expect(fine.codes).toEqual([]);
    expect(refused.codes).toEqual(['CONFIG_FOLDERS_OVERLAP']);
  });

  test('a home folder written as ~ is refused, for it would be a folder of that name', async () => {
    // Given
    const text = changed('./incoming', '~/incoming');
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([expect.stringContaining('cameras[0].source.config.watch_dir (line 7): `~` does not stand')]);
  });
});

describe('references between sections', () => {
  test('a trigger class that the filter never reports is refused', async () => {
    // Given
    const text = `${SMALL_CONFIG}  trigger_classes: [person, dog]\n`;
    // When
    const { problems } = await load(text);
    // Then
    expect(problems).toEqual([
      'vlm.trigger_classes[1] (line 14): the filter, as configured, never reports this class; write one of: person',
    ]);
  });

  test('what a plugin finds wrong with other sections stands at its own place', async () => {
    // Given
    const text = `${SMALL_CONFIG}alert_policy: {config: {activity: delivery}}\n`;
    // When
    const { codes, problems } = await load(text);
    // Then
    expect(codes).toEqual(['CONFIG_REFERENCES_INVALID']);
    expect(problems).toEqual(['alert_policy.config.activity (line 14): The analyzer never says so; Use another']);
  });
});
