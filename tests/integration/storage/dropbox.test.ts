import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isRetryable } from '../../../src/domain/stage-error.ts';
import type { LocalFile, Storage, StorageCall } from '../../../src/plugins/spec/storage.ts';
import { dropboxStorage } from '../../../src/plugins/storage/dropbox/index.ts';
import { seededRandom } from '../../support/camera-soak/seeded-random.ts';
import { DROPBOX_SECRETS, type DropboxServer, openDropboxServer } from '../../support/dropbox-server/dropbox-server.ts';
import { RATE_LIMITED } from '../../support/dropbox-server/faults.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import type { PutOrder } from '../../support/put-child.ts';
import { createCall, writeLocalFile } from '../../support/storage-calls.ts';

const CHILD = fileURLToPath(new URL('../../support/put-child.ts', import.meta.url));
const CHUNK_BYTES = 4 << 20;
const UPLOAD = '/2/files/upload';
const START = '/2/files/upload_session/start';
const APPEND = '/2/files/upload_session/append_v2';
const FINISH = '/2/files/upload_session/finish';

let folder: string;
let server: DropboxServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-dropbox-'));
  server = await openDropboxServer();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const config = () => ({
  root: '/HomeSec',
  chunk_size_bytes: CHUNK_BYTES,
  api_url: server.url,
  content_url: server.url,
  timeout_s: 30,
});
const openStorage = (secrets: Record<string, string> = DROPBOX_SECRETS, more: object = {}): Promise<Storage> =>
  dropboxStorage.create(
    dropboxStorage.configSchema.parse({ ...config(), ...more }),
    createTestContext({ secrets, tempDir: folder }),
  );

let files = 0;
function localFile(sizeBytes: number): Promise<LocalFile> {
  files += 1;
  const random = seededRandom(files);
  const bytes = Buffer.from(Array.from({ length: 4096 }, () => Math.floor(random() * 256)));
  return writeLocalFile(join(folder, `clip-${files}.mp4`), Buffer.alloc(sizeBytes, bytes));
}

/** A call that keeps what is noted. */
function notingCall(savedProgress?: unknown): StorageCall & { readonly notes: unknown[] } {
  const notes: unknown[] = [];
  return { ...createCall(), notes, savedProgress, saveProgress: (progress) => void notes.push(progress) };
}

const countOf = (pathname: string): number => server.requests.filter((request) => request === pathname).length;

async function fetched(key: string): Promise<string> {
  const path = join(folder, 'fetched');
  expect(await (await openStorage()).get(key, path, createCall())).toEqual({ ok: true, value: undefined });
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

describe('an upload that broke off', () => {
  test('goes on in the same session with the chunk that was lost', async () => {
    // Given the connection breaks in the middle of the third chunk
    const file = await localFile(5 * CHUNK_BYTES + 17);
    server.faults.plan(APPEND, { do: 'cut', afterBytes: CHUNK_BYTES / 2 }, { skip: 2 });
    const first = notingCall();
    const broken = await (await openStorage()).put(file, 'clip', first);
    // When another process, as it were, goes on
    const put = await (await openStorage()).put(file, 'clip', notingCall(first.notes.at(-1)));
    // Then
    expect(broken).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(put).toEqual({ ok: true, value: { storageUri: 'dropbox:clip' } });
    expect(countOf(START)).toBe(1);
    expect(server.receivedBytes).toBeLessThan(file.sizeBytes + CHUNK_BYTES);
    expect(await fetched('clip')).toBe(file.sha256);
  });

  test.each([
    ['an old note', 1],
    ['the first note', 0],
  ])('goes on where Dropbox has got to, also by %s', async (_what, note) => {
    // Given notes of an attempt that got through three chunks
    const file = await localFile(5 * CHUNK_BYTES);
    server.faults.plan(APPEND, { do: 'answer', status: 500 }, { skip: 3 });
    const first = notingCall();
    await (await openStorage()).put(file, 'clip', first);
    // When
    const put = await (await openStorage()).put(file, 'clip', notingCall(first.notes[note]));
    // Then one chunk more than needed was sent, to learn of the right offset
    expect(put).toMatchObject({ ok: true });
    expect(countOf(START)).toBe(1);
    expect(await fetched('clip')).toBe(file.sha256);
  });

  test.each([
    ['that Dropbox has forgotten', () => server.loseSessions()],
    ['of other bytes', () => undefined],
    ['that is none', () => undefined],
  ])('begins anew after a session %s', async (what, lose) => {
    // Given
    const file = await localFile(3 * CHUNK_BYTES);
    server.faults.plan(APPEND, { do: 'answer', status: 503 }, { skip: 1 });
    const first = notingCall();
    await (await openStorage()).put(file, 'clip', first);
    lose();
    const other = what === 'of other bytes' ? { ...(first.notes.at(-1) as object), contentHash: 'other' } : { some: 'thing' };
    // When
    const put = await (await openStorage()).put(
      file,
      'clip',
      notingCall(what.startsWith('that Dropbox') ? first.notes.at(-1) : other),
    );
    // Then
    expect(put).toMatchObject({ ok: true });
    expect(countOf(START)).toBe(2);
    expect(await fetched('clip')).toBe(file.sha256);
  });

  test('and was finished by another attempt meanwhile is found to be done', async () => {
    // Given two attempts that know of the same session, as when the first was given up too early
    const file = await localFile(3 * CHUNK_BYTES);
    server.faults.plan(APPEND, { do: 'answer', status: 503 }, { skip: 1 });
    const first = notingCall();
    await (await openStorage()).put(file, 'clip', first);
    const note = first.notes.at(-1);
    let isOvertaken = false;
    const pace = async () => {
      if (isOvertaken) return;
      isOvertaken = true;
      await (await openStorage()).put(file, 'clip', notingCall(note));
    };
    // When
    const put = await (await openStorage()).put(file, 'clip', { ...notingCall(note), pace });
    // Then nothing began anew
    expect(put).toEqual({ ok: true, value: { storageUri: 'dropbox:clip' } });
    expect(countOf(START)).toBe(1);
  });

  test.each([UPLOAD, FINISH])('only for want of the answer of %s is found to be done', async (pathname) => {
    // Given
    const file = await localFile(pathname === UPLOAD ? 1000 : 2 * CHUNK_BYTES);
    server.faults.plan(pathname, { do: 'lose_answer' });
    const first = notingCall();
    const broken = await (await openStorage()).put(file, 'clip', first);
    const receivedBytes = server.receivedBytes;
    // When
    const put = await (await openStorage()).put(file, 'clip', notingCall(first.notes.at(-1)));
    // Then
    expect(broken).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(put).toMatchObject({ ok: true });
    expect(server.receivedBytes).toBe(receivedBytes);
  });

  test('by kill -9, ten times at random points, goes on each time', async () => {
    // Given
    const random = seededRandom(20_261_126);
    const file = await localFile(12 * CHUNK_BYTES + 4711);
    const notes: unknown[] = [];
    // When ten processes are killed, each when it has sent up to a chunk and a half, and the next knows one of the last three notes
    for (let kills = 0; kills < 10; kills += 1) {
      const killAtBytes = server.receivedBytes + Math.ceil(random() * 1.5 * CHUNK_BYTES);
      const known = notes.at(-1 - Math.floor(random() * Math.min(3, notes.length)));
      const { signal } = await putInChild(file, known, notes, killAtBytes);
      expect(signal).toBe('SIGKILL');
    }
    const { code } = await putInChild(file, notes.at(-1), notes, Number.POSITIVE_INFINITY);
    // Then it is stored; there was one session, so nothing began anew; and what was sent twice is what the kills cost
    expect(code).toBe(0);
    expect(await fetched('clips/clip')).toBe(file.sha256);
    expect(countOf(START)).toBe(1);
    expect(server.receivedBytes).toBeLessThan(file.sizeBytes + 10 * 2 * CHUNK_BYTES);
  }, 180_000);

  async function putInChild(file: LocalFile, savedProgress: unknown, notes: unknown[], killAtBytes: number) {
    const order: PutOrder = {
      backend: 'dropbox',
      config: config(),
      secrets: DROPBOX_SECRETS,
      file,
      key: 'clips/clip',
      folder,
      savedProgress,
    };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
    server.onReceived = () => void (server.receivedBytes >= killAtBytes && child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (piece) => {
      said += piece;
    });
    const [code, signal] = await once(child, 'close');
    // What a kill has cut off is no line.
    for (const line of said.split('\n').slice(0, -1)) if (line.startsWith('{"progress"')) notes.push(JSON.parse(line).progress);
    return { code, signal };
  }
});

describe('what Dropbox refuses', () => {
  test.each([false, true])('for now (429) is waited out by the whole app; answered before the body: %s', async (isEarly) => {
    // Given a chunk that is refused for seven seconds
    const storage = await openStorage();
    const file = await localFile(2 * CHUNK_BYTES);
    server.faults.plan(APPEND, RATE_LIMITED(7, isEarly));
    // When
    const put = await storage.put(file, 'clip', createCall());
    const asked = server.requests.length;
    const others = [await storage.verify('other', file, createCall()), await storage.delete('other'), await storage.ping()];
    // Then nobody asks before that
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_RATE_LIMITED', retryAfterMs: 7000 } });
    for (const other of others) expect(other).toMatchObject({ ok: false, error: { code: 'STORAGE_RATE_LIMITED' } });
    for (const other of others) if (!other.ok) expect(other.error.retryAfterMs).toBeLessThanOrEqual(7000);
    expect(server.requests.length).toBe(asked);
  });

  test('for now is waited out no longer because the clock was set', async () => {
    // Given
    const storage = await openStorage();
    const file = await localFile(1000);
    server.faults.plan(UPLOAD, RATE_LIMITED(7));
    await storage.put(file, 'clip', createCall());
    // When
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 86_400_000 });
    const ping = await storage.ping();
    vi.useRealTimers();
    // Then
    expect(ping).toMatchObject({ ok: false, error: { code: 'STORAGE_RATE_LIMITED' } });
    if (!ping.ok) expect(ping.error.retryAfterMs).toBeLessThanOrEqual(7000);
  });

  test.each([
    ['path/insufficient_space/..', 409, 'STORAGE_FULL'],
    ['path/no_write_permission/..', 409, 'STORAGE_DENIED'],
    ['path/too_many_write_operations/..', 409, 'STORAGE_RATE_LIMITED'],
    ['', 503, 'STORAGE_UNREACHABLE'],
    ['missing_scope/..', 401, 'STORAGE_DENIED'],
  ])('as %s (%i) is %s', async (error_summary, status, code) => {
    // Given
    const file = await localFile(1000);
    server.faults.plan(UPLOAD, { do: 'answer', status, body: { error_summary, error: {} } });
    // When
    const put = await (await openStorage()).put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code } });
    expect(await (await openStorage()).put(file, 'clip', createCall())).toMatchObject({ ok: true });
  });

  test('by silence ends the attempt, and the caller heard of it all the while', async () => {
    // Given
    const file = await localFile(1000);
    server.faults.plan(UPLOAD, { do: 'be_silent' });
    const signs: number[] = [];
    // When
    const put = await (await openStorage(DROPBOX_SECRETS, { timeout_s: 1 })).put(
      file,
      'clip',
      createCall({ onProgress: (bytes) => signs.push(bytes) }),
    );
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(signs.length).toBeGreaterThan(3);
  });

  test('by not reading holds back what is read from the disk', async () => {
    // Given a chunk of 64 MB for a server that takes none of it
    const file = await localFile(64_000_000);
    const storage = await openStorage(DROPBOX_SECRETS, { timeout_s: 1, chunk_size_bytes: 64 << 20 });
    server.faults.plan(UPLOAD, { do: 'be_silent' });
    let readBytes = 0;
    const pace = async (bytes: number) => {
      readBytes += bytes;
    };
    // When
    const put = await storage.put(file, 'clip', createCall({ pace }));
    // Then there is no more of it in memory than buffers of the system hold
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(readBytes).toBeLessThan(16_000_000);
  });

  test('is not mistaken for silence when it is only slow', async () => {
    // Given a chunk that takes longer than the silence allowed, piece by piece
    const file = await localFile(CHUNK_BYTES);
    server.faults.plan(UPLOAD, { do: 'be_slow', msPerPiece: 60 });
    // When
    const put = await (await openStorage(DROPBOX_SECRETS, { timeout_s: 3 })).put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
  });
});

describe('tokens', () => {
  test('that expire on the way are renewed, and the chunk is sent again', async () => {
    // Given a token that is refused when half of the clip is there
    const file = await localFile(4 * CHUNK_BYTES);
    let isHalf = false;
    server.onReceived = () => {
      if (isHalf || server.receivedBytes < file.sizeBytes / 2) return;
      isHalf = true;
      server.expireTokens();
    };
    // When
    const put = await (await openStorage()).put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
    expect(server.tokensGiven).toBe(2);
    expect(await fetched('clip')).toBe(file.sha256);
  });

  test('are asked for once by many that need one', async () => {
    // Given
    const storage = await openStorage();
    const file = await localFile(1000);
    // When
    await Promise.all(Array.from({ length: 10 }, (_none, index) => storage.put(file, `clip-${index}`, createCall())));
    // Then
    expect(server.tokensGiven).toBe(1);
  });

  test('stand in no message: not a refused one, not a refused secret', async () => {
    // Given secrets that the server does not take
    const wrong = { ...DROPBOX_SECRETS, DROPBOX_APP_SECRET: 'wrong-app-secret', DROPBOX_REFRESH_TOKEN: 'wrong-refresh-token' };
    const file = await localFile(1000);
    server.faults.plan('/oauth2/token', {
      do: 'answer',
      status: 400,
      body: { error: 'invalid_grant: wrong-refresh-token wrong-app-secret' },
    });
    // When
    const results = [
      await (await openStorage(wrong)).put(file, 'clip', createCall()),
      await (await openStorage(wrong)).ping(),
      await (await openStorage({ DROPBOX_TOKEN: 'expired-token' })).put(file, 'clip', createCall()),
    ];
    // Then
    for (const result of results) {
      expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
      expect(JSON.stringify(result)).not.toMatch(/wrong-|expired-token/);
    }
  });

  test('that are not set are named', async () => {
    // Given no variable at all
    const file = await localFile(1000);
    // When
    const put = await (await openStorage({})).put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({
      ok: false,
      error: { code: 'SECRET_MISSING', message: expect.stringMatching(/DROPBOX_REFRESH_TOKEN.*DROPBOX_TOKEN/) },
    });
  });
});

describe('a stored clip', () => {
  test.each([1000, 2 * CHUNK_BYTES])('of %i bytes that changed under way is not taken for a copy', async (sizeBytes) => {
    // Given a file of which a byte changes after it was looked at
    const file = await localFile(sizeBytes);
    const handle = await open(file.path, 'r+');
    let isChanged = false;
    const pace = async () => {
      if (!isChanged) await handle.write('changed', sizeBytes - 10);
      isChanged = true;
    };
    // When
    const call = notingCall();
    const put = await (await openStorage()).put(file, 'clip', { ...call, pace });
    await handle.close();
    // Then the next attempt begins anew
    expect(call.notes.at(-1)).toBeUndefined();
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNVERIFIED' } });
    expect(server.files.paths).toEqual([]);
    if (!put.ok) expect(isRetryable(put.error.code)).toBe(true);
  });

  test('larger than a block is verified by its bytes, and leaves no copy behind', async () => {
    // Given
    const file = await localFile(2 * CHUNK_BYTES);
    await (await openStorage()).put(file, 'clip', createCall());
    // When
    const same = await (await openStorage()).verify('clip', file, createCall());
    const other = await (await openStorage()).verify('clip', { ...file, sha256: '0'.repeat(64) }, createCall());
    // Then
    expect(same).toMatchObject({ ok: true, value: { storageUri: 'dropbox:clip' } });
    expect(other).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
  });

  test('opens by a link that is made anew each time; there is none for what is not there', async () => {
    // Given
    const storage = await openStorage();
    const file = await localFile(1000);
    await storage.put(file, 'clip', createCall());
    // When
    const links = [await storage.viewUrl?.('clip', createCall()), await storage.viewUrl?.('clip', createCall())];
    const none = await storage.viewUrl?.('none', createCall());
    // Then
    const [first, second] = links.map((link) => (link?.ok === true ? (link.value ?? '') : ''));
    expect(first).not.toBe(second);
    const bytes = Buffer.from(await (await fetch(first ?? '')).arrayBuffer());
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
    expect(none).toEqual({ ok: true, value: undefined });
  });
});
