import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { dropboxStorage } from '../../src/plugins/storage/dropbox/index.ts';
import { localStorage } from '../../src/plugins/storage/local/index.ts';
import { s3Storage } from '../../src/plugins/storage/s3/index.ts';
import { webdavStorage } from '../../src/plugins/storage/webdav/index.ts';
import { MemoryStorage } from '../fakes/memory-storage.ts';
import { DROPBOX_SECRETS, openDropboxServer } from '../support/dropbox-server/dropbox-server.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { openS3Server, S3_BUCKET, S3_SECRETS, type S3Server } from '../support/s3-server.ts';
import { openWebdavServer, WEBDAV_SECRETS, type WebdavServer } from '../support/webdav-server.ts';
import { describeStorage } from './storage.contract.ts';

describeStorage('local', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'homesec-local-storage-'));
  const config = localStorage.configSchema.parse({ root: join(folder, 'root') });
  const storage = localStorage.create(config, createTestContext({ stateDir: folder }));
  return { storage, backend: 'local', dispose: () => rm(folder, { recursive: true }) };
});

describeStorage('dropbox', async () => {
  const server = await openDropboxServer();
  const folder = await mkdtemp(join(tmpdir(), 'homesec-dropbox-storage-'));
  const config = dropboxStorage.configSchema.parse({
    root: '/HomeSec',
    chunk_size_bytes: 4 << 20,
    api_url: server.url,
    content_url: server.url,
  });
  const storage = await dropboxStorage.create(config, createTestContext({ tempDir: folder, secrets: DROPBOX_SECRETS }));
  const dispose = async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  };
  return { storage, backend: 'dropbox', dispose };
});

describe('with a real S3 server', () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await openS3Server();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  let buckets = 0;
  describeStorage('s3', async () => {
    buckets += 1;
    const config = s3Storage.configSchema.parse({
      bucket: S3_BUCKET,
      prefix: `test-${buckets}`,
      endpoint: server.url,
      part_size_bytes: 5 << 20,
    });
    return {
      storage: await s3Storage.create(config, createTestContext({ secrets: S3_SECRETS })),
      backend: 's3',
      dispose: async () => {},
    };
  });
});

describe('with a real WebDAV server', () => {
  let server: WebdavServer;
  beforeAll(async () => {
    server = await openWebdavServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  let folders = 0;
  describeStorage('webdav', async () => {
    folders += 1;
    const login = { username_env: 'WEBDAV_USER', password_env: 'WEBDAV_PASSWORD' };
    const config = webdavStorage.configSchema.parse({ url: `${server.url}/test-${folders}`, ...login });
    const storage = await webdavStorage.create(config, createTestContext({ secrets: WEBDAV_SECRETS }));
    return { storage, backend: 'webdav', dispose: async () => {} };
  });
});

describeStorage('memory', async () => ({ storage: new MemoryStorage(), backend: 'memory', dispose: async () => {} }));
