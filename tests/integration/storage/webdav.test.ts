import { mkdir, mkdtemp, open, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Storage } from '../../../src/plugins/spec/storage.ts';
import { webdavStorage } from '../../../src/plugins/storage/webdav/index.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { createCall, writeLocalFile } from '../../support/storage-calls.ts';
import { type Bouncer, digestBouncer, openWebdavDoor } from '../../support/webdav-door.ts';
import { openWebdavServer, WEBDAV_SECRETS, type WebdavServer } from '../../support/webdav-server.ts';

let server: WebdavServer;
beforeAll(async () => {
  server = await openWebdavServer();
});
afterAll(() => server[Symbol.asyncDispose]());

let folder: string;
let root: string;
let tests = 0;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-webdav-'));
  tests += 1;
  root = `test-${tests}`;
});
afterEach(() => rm(folder, { recursive: true }));

const LOGIN = { username_env: 'WEBDAV_USER', password_env: 'WEBDAV_PASSWORD' };
const openStorage = (more: object = {}, secrets: Record<string, string> = WEBDAV_SECRETS): Promise<Storage> => {
  const config = { url: `${server.url}/${root}`, timeout_s: 30, ...LOGIN, ...more };
  return webdavStorage.create(webdavStorage.configSchema.parse(config), createTestContext({ secrets }));
};

const localFile = (content: string | Buffer) => writeLocalFile(join(folder, 'clip.mp4'), content);

const filesStored = async (): Promise<string[]> => {
  const found = await readdir(join(server.folder, root), { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => entry.name);
};

describe('a stored clip', () => {
  test('that changed under way is not taken for a copy, and nothing is left of it', async () => {
    // Given a file of which a byte changes after it was looked at
    const file = await localFile(Buffer.alloc(3_000_000, 'x'));
    const handle = await open(file.path, 'r+');
    const pace = async () => void (await handle.write('changed', 2_900_000));
    // When
    const put = await (await openStorage()).put(file, 'clip.mp4', createCall({ pace }));
    await handle.close();
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNVERIFIED' } });
    expect(await filesStored()).toEqual([]);
  });

  test('is read back once, unless the owner has chosen its size to be enough', async () => {
    // Given a server whose requests are counted
    const asked: string[] = [];
    await using door = await openWebdavDoor(server, (request) => {
      asked.push(request.method ?? '');
      return false;
    });
    const file = await localFile('the footage');
    const url = `${door.url}/${root}`;
    // When
    const puts = [
      await (await openStorage({ url })).put(file, 'first', createCall()),
      await (await openStorage({ url, read_back: false })).put(file, 'second', createCall()),
    ];
    // Then
    for (const put of puts) expect(put).toMatchObject({ ok: true });
    expect(asked.filter((method) => method === 'GET').length).toBe(1);
    // And what was moved to its name is not asked for again.
    expect(asked).not.toContain('DELETE');
  });

  test('has no link: whoever opens it would need the password', async () => {
    // Given
    const storage = await openStorage();
    // When
    const { viewUrl } = storage;
    // Then
    expect(viewUrl).toBeUndefined();
  });
});

describe('what was left over', () => {
  test('by uploads that were killed is removed after a day, and younger ones are not', async () => {
    // Given
    const parts = join(server.folder, root, '.homesec/parts');
    await mkdir(parts, { recursive: true });
    for (const name of ['old.part', 'young.part']) await writeFile(join(parts, name), 'half a clip');
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(join(parts, 'old.part'), longAgo, longAgo);
    // When
    await (await openStorage()).put(await localFile('the footage'), 'clip.mp4', createCall());
    // Then
    expect((await filesStored()).toSorted()).toEqual(['clip.mp4', 'young.part']);
  });
});

test('a clip is stored also where what others have left cannot be listed', async () => {
  // Given
  const forbids: Bouncer = (request, response) => {
    const lists = request.method === 'PROPFIND' && request.headers['depth'] === '1';
    if (lists) response.writeHead(403).end();
    return lists;
  };
  await using door = await openWebdavDoor(server, forbids);
  // When
  const put = await (await openStorage({ url: `${door.url}/${root}` })).put(
    await localFile('the footage'),
    'clip.mp4',
    createCall(),
  );
  // Then
  expect(put).toMatchObject({ ok: true });
});

test('a folder that somebody has removed is made again by the next attempt', async () => {
  // Given a storage in use
  const storage = await openStorage();
  const file = await localFile('the footage');
  await storage.put(file, 'clips/first', createCall());
  await rm(join(server.folder, root), { recursive: true });
  // When
  const puts = [await storage.put(file, 'clips/second', createCall()), await storage.put(file, 'clips/second', createCall())];
  // Then
  expect(puts).toMatchObject([{ ok: false, error: { code: 'STORAGE_UNREACHABLE' } }, { ok: true }]);
  expect(await filesStored()).toEqual(['second']);
});

describe('digest authentication', () => {
  test('is answered, also for a file that is streamed', async () => {
    // Given
    await using door = await openWebdavDoor(server, digestBouncer());
    const storage = await openStorage({ url: `${door.url}/${root}`, auth: 'digest' });
    const file = await localFile(Buffer.alloc(3_000_000, 'x'));
    // When
    const put = await storage.put(file, 'clips/clip.mp4', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
    expect(await storage.verify('clips/clip.mp4', file, createCall())).toEqual(put);
  });
});

describe('a server that', () => {
  test('does not read holds back what is read from the disk', async () => {
    // Given a file of 64 MB for a server that takes none of it
    await using door = await openWebdavDoor(server, (request) => request.method === 'PUT');
    const file = await localFile(Buffer.alloc(64_000_000));
    let readBytes = 0;
    const pace = async (bytes: number) => {
      readBytes += bytes;
    };
    // When
    const put = await (await openStorage({ url: `${door.url}/${root}`, timeout_s: 1 })).put(
      file,
      'clip.mp4',
      createCall({ pace }),
    );
    // Then there is no more of it in memory than buffers of the system hold
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(readBytes).toBeLessThan(16_000_000);
  });

  test.each([
    [401, 'STORAGE_DENIED', undefined],
    [403, 'STORAGE_DENIED', undefined],
    [429, 'STORAGE_RATE_LIMITED', 7000],
    [503, 'STORAGE_UNREACHABLE', 7000],
    [507, 'STORAGE_FULL', undefined],
  ])('answers PUT with %i fails it as %s', async (status, code, retryAfterMs) => {
    // Given
    const refuses: Bouncer = (request, response) => {
      if (request.method !== 'PUT') return false;
      request.resume();
      response.writeHead(status, retryAfterMs === undefined ? {} : { 'retry-after': '7' }).end();
      return true;
    };
    await using door = await openWebdavDoor(server, refuses);
    const file = await localFile(Buffer.alloc(1_000_000, 'x'));
    // When
    const put = await (await openStorage({ url: `${door.url}/${root}` })).put(file, 'clip.mp4', createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code } });
    if (!put.ok) expect(put.error.retryAfterMs).toBe(retryAfterMs);
    expect(await filesStored()).toEqual([]);
  });

  test.each(['PUT', 'GET', 'MOVE'])('breaks off or falls silent during %s is tried again, to a good end', async (method) => {
    // Given the first such request is cut off, the second never answered
    let seen = 0;
    const breaks: Bouncer = (request) => {
      if (request.method !== method) return false;
      seen += 1;
      if (seen === 1) request.destroy();
      return seen <= 2;
    };
    await using door = await openWebdavDoor(server, breaks);
    const url = `${door.url}/${root}`;
    const file = await localFile(Buffer.alloc(1_000_000, 'x'));
    // When
    const puts = [
      await (await openStorage({ url })).put(file, 'clip.mp4', createCall()),
      await (await openStorage({ url, timeout_s: 1 })).put(file, 'clip.mp4', createCall()),
      await (await openStorage({ url })).put(file, 'clip.mp4', createCall()),
    ];
    // Then
    expect(puts).toMatchObject([
      { ok: false, error: { code: 'STORAGE_UNREACHABLE' } },
      { ok: false, error: { code: 'STORAGE_UNREACHABLE' } },
      { ok: true },
    ]);
    expect(await filesStored()).toEqual(['clip.mp4']);
  });

  test.each([
    ['wants another password', {}, { ...WEBDAV_SECRETS, WEBDAV_PASSWORD: 'wrong-password' }, 'STORAGE_DENIED'],
    ['is not there', { url: 'http://127.0.0.1:9' }, WEBDAV_SECRETS, 'STORAGE_UNREACHABLE'],
    ['gets no password', {}, {}, 'SECRET_MISSING'],
  ])('%s', async (_what, config, secrets, code) => {
    // Given
    const storage = await openStorage(config, secrets);
    const file = await localFile('the footage');
    // When
    const results = [await storage.put(file, 'clip.mp4', createCall()), await storage.ping()];
    // Then
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code } });
    expect(JSON.stringify(results)).not.toContain('wrong-password');
  });
});

describe('a check of the storage', () => {
  test('makes the folder that the first clip would make', async () => {
    // Given a server on which the folder is not there yet
    const storage = await openStorage();
    // When
    const pings = [await storage.ping(), await storage.ping()];
    // Then
    expect(pings).toMatchObject([{ ok: true }, { ok: true }]);
    expect(await readdir(join(server.folder, root))).toEqual([]);
  });

  test('names a path that cannot be', async () => {
    // Given an address below a folder that is not there
    const storage = await openStorage({ url: `${server.url}/${root}/no/such/folder` });
    // When
    const ping = await storage.ping();
    // Then
    expect(ping).toMatchObject({ ok: false, error: { message: expect.stringContaining('path may be wrong') } });
  });
});

test('the storage keeps its own folder to itself', async () => {
  // Given
  const file = await localFile('the footage');
  // When
  const put = await (await openStorage()).put(file, '.homesec/clip', createCall());
  // Then
  expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
});
