import { describe, expect, test } from 'vitest';
import { localFolderConfigSchema } from '../../../../src/plugins/sources/local-folder/config.ts';

describe('local_folder settings', () => {
  test('extensions are written with or without dot, in any case', () => {
    // Given
    const config = { watch_dir: '/w', extensions: ['MP4', '.Mkv'] };
    // When
    const parsed = localFolderConfigSchema.parse(config);
    // Then
    expect(parsed.extensions).toEqual(['.mp4', '.mkv']);
  });

  test.each([
    { watch_dir: '' },
    { watch_dir: '/w', extensions: [] },
    { watch_dir: '/w', extensions: ['*.mp4'] },
    { watch_dir: '/w', x: 1 },
  ])('refuses %j', (config) => {
    // Given / When
    const parsed = localFolderConfigSchema.safeParse(config);
    // Then
    expect(parsed.success).toBe(false);
  });
});
