import { describe, expect, test } from 'vitest';
import { dropboxStorage } from '../../../src/plugins/storage/dropbox/index.ts';
import { s3Storage } from '../../../src/plugins/storage/s3/index.ts';
import { webdavStorage } from '../../../src/plugins/storage/webdav/index.ts';

const LOGIN = { username_env: 'CLOUD_USER', password_env: 'CLOUD_PASSWORD' };

describe('config of dropbox', () => {
  test.each([
    [undefined, ''],
    ['/', ''],
    ['/HomeSec/', '/HomeSec'],
    ['/A/b c', '/A/b c'],
  ])('takes root %j as %j', (root, expected) => {
    // Given
    const config = root === undefined ? {} : { root };
    // When
    const parsed = dropboxStorage.configSchema.parse(config);
    // Then
    expect(parsed.root).toBe(expected);
  });

  test.each([
    { root: 'HomeSec' },
    { root: '/a//b' },
    { root: '/a\\b' },
    { chunk_size_bytes: 5_000_000 },
    { token: 'x' },
    { api_url: 'https://me:secret@here' },
  ])('refuses %j', (config) => {
    // Given
    // When
    const parsed = dropboxStorage.configSchema.safeParse(config);
    // Then
    expect(parsed.success).toBe(false);
  });
});

describe('config of s3', () => {
  test.each([
    [{}, false],
    [{ endpoint: 'http://nas:9000' }, true],
    [{ endpoint: 'http://nas:9000', path_style: false }, false],
  ])('with %j has the bucket in the path: %j', (config, expected) => {
    // Given
    // When
    const parsed = s3Storage.configSchema.parse({ bucket: 'my-cameras', ...config });
    // Then
    expect(parsed.path_style).toBe(expected);
  });

  test.each([
    {},
    { bucket: 'my-cameras', prefix: '/a' },
    { bucket: 'my-cameras', part_size_bytes: 1_000_000 },
    { bucket: 'my-cameras', endpoint: 'https://key:secret@nas' },
  ])('refuses %j', (config) => {
    // Given
    // When
    const parsed = s3Storage.configSchema.safeParse(config);
    // Then
    expect(parsed.success).toBe(false);
  });
});

describe('config of webdav', () => {
  test.each([
    { url: 'https://cloud/dav', ...LOGIN },
    { url: 'https://cloud/dav', auth: 'digest', ...LOGIN },
    { url: 'http://nas/dav', auth: 'none' },
  ])('takes %j', (config) => {
    // Given
    // When
    const parsed = webdavStorage.configSchema.safeParse(config);
    // Then
    expect(parsed.success).toBe(true);
  });

  test.each([
    [{ url: 'https://cloud/dav' }, ['username_env', 'password_env']],
    [{ url: 'https://cloud/dav', username_env: 'CLOUD_USER' }, ['password_env']],
    [{ url: 'https://cloud/dav', auth: 'none', ...LOGIN }, ['username_env', 'password_env']],
    [{ url: 'https://me:secret@cloud/dav', ...LOGIN }, ['url']],
    [{ url: 'ftp://cloud/dav', ...LOGIN }, ['url']],
  ])('refuses %j for %j', (config, keys) => {
    // Given
    // When
    const parsed = webdavStorage.configSchema.safeParse(config);
    // Then
    expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toEqual(keys);
  });
});
