import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { isRetryable } from '../../../src/domain/stage-error.ts';
import { DROPBOX_SECRETS } from '../../support/dropbox-server/dropbox-server.ts';
import { RATE_LIMITED } from '../../support/dropbox-server/faults.ts';
import { APPEND, CHUNK_BYTES, notingCall, UPLOAD, useDropbox } from '../../support/dropbox-storage.ts';
import { createCall } from '../../support/storage-calls.ts';

const { given, openStorage, localFile, fetched } = useDropbox();

describe('what Dropbox refuses', () => {
  test.each([false, true])('for now (429) is waited out by the whole app; answered before the body: %s', async (isEarly) => {
    // Given a chunk that is refused for seven seconds
    const storage = await openStorage();
    const file = await localFile(2 * CHUNK_BYTES);
    given.server.faults.plan(APPEND, RATE_LIMITED(7, isEarly));
    // When
    const put = await storage.put(file, 'clip', createCall());
    const asked = given.server.requests.length;
    const others = [await storage.verify('other', file, createCall()), await storage.delete('other'), await storage.ping()];
    // Then nobody asks before that
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_RATE_LIMITED', retryAfterMs: 7000 } });
    for (const other of others) expect(other).toMatchObject({ ok: false, error: { code: 'STORAGE_RATE_LIMITED' } });
    for (const other of others) if (!other.ok) expect(other.error.retryAfterMs).toBeLessThanOrEqual(7000);
    expect(given.server.requests.length).toBe(asked);
  });

  test('for now is waited out no longer because the clock was set', async () => {
    // Given
    const storage = await openStorage();
    const file = await localFile(1000);
    given.server.faults.plan(UPLOAD, RATE_LIMITED(7));
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
    given.server.faults.plan(UPLOAD, { do: 'answer', status, body: { error_summary, error: {} } });
    // When
    const put = await (await openStorage()).put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code } });
    expect(await (await openStorage()).put(file, 'clip', createCall())).toMatchObject({ ok: true });
  });

  test('by silence ends the attempt, and the caller heard of it all the while', async () => {
    // Given
    const file = await localFile(1000);
    given.server.faults.plan(UPLOAD, { do: 'be_silent' });
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
    given.server.faults.plan(UPLOAD, { do: 'be_silent' });
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
    // Given a chunk that takes longer than the silence allowed, and of which buffers of the system hold but a small part
    const file = await localFile(32 << 20);
    const storage = await openStorage(DROPBOX_SECRETS, { timeout_s: 2, chunk_size_bytes: 32 << 20 });
    given.server.faults.plan(UPLOAD, { do: 'be_slow', msPerPiece: 8 });
    // When
    const put = await storage.put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
  });
});

describe('tokens', () => {
  test('that expire on the way are renewed, and the chunk is sent again', async () => {
    // Given a token that is refused when half of the clip is there
    const file = await localFile(4 * CHUNK_BYTES);
    let isHalf = false;
    given.server.onReceived = () => {
      if (isHalf || given.server.receivedBytes < file.sizeBytes / 2) return;
      isHalf = true;
      given.server.expireTokens();
    };
    // When
    const put = await (await openStorage()).put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
    expect(given.server.tokensGiven).toBe(2);
    expect(await fetched('clip')).toBe(file.sha256);
  });

  test('are asked for once by many that need one', async () => {
    // Given
    const storage = await openStorage();
    const file = await localFile(1000);
    // When
    await Promise.all(Array.from({ length: 10 }, (_none, index) => storage.put(file, `clip-${index}`, createCall())));
    // Then
    expect(given.server.tokensGiven).toBe(1);
  });

  test('stand in no message: not a refused one, not a refused secret', async () => {
    // Given secrets that the server does not take
    const wrong = { ...DROPBOX_SECRETS, DROPBOX_APP_SECRET: 'wrong-app-secret', DROPBOX_REFRESH_TOKEN: 'wrong-refresh-token' };
    const file = await localFile(1000);
    given.server.faults.plan('/oauth2/token', {
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
    expect(given.server.files.paths).toEqual([]);
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
