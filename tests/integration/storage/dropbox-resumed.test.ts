import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { LocalFile } from '../../../src/plugins/spec/storage.ts';
import { seededRandom } from '../../support/camera-soak/seeded-random.ts';
import { DROPBOX_SECRETS } from '../../support/dropbox-server/dropbox-server.ts';
import { APPEND, CHUNK_BYTES, FINISH, notingCall, START, UPLOAD, useDropbox } from '../../support/dropbox-storage.ts';
import type { PutOrder } from '../../support/put-child.ts';

const CHILD = fileURLToPath(new URL('../../support/put-child.ts', import.meta.url));

const { given, config, openStorage, localFile, fetched } = useDropbox();

const countOf = (pathname: string): number => given.server.requests.filter((request) => request === pathname).length;

describe('an upload that broke off', () => {
  test('goes on in the same session with the chunk that was lost', async () => {
    // Given the connection breaks in the middle of the third chunk
    const file = await localFile(5 * CHUNK_BYTES + 17);
    given.server.faults.plan(APPEND, { do: 'cut', afterBytes: CHUNK_BYTES / 2 }, { skip: 2 });
    const first = notingCall();
    const broken = await (await openStorage()).put(file, 'clip', first);
    // When another process, as it were, goes on
    const put = await (await openStorage()).put(file, 'clip', notingCall(first.notes.at(-1)));
    // Then
    expect(broken).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(put).toEqual({ ok: true, value: { storageUri: 'dropbox:clip' } });
    expect(countOf(START)).toBe(1);
    expect(given.server.receivedBytes).toBeLessThan(file.sizeBytes + CHUNK_BYTES);
    expect(await fetched('clip')).toBe(file.sha256);
  });

  test.each([
    ['an old note', 1],
    ['the first note', 0],
  ])('goes on where Dropbox has got to, also by %s', async (_what, note) => {
    // Given notes of an attempt that got through three chunks
    const file = await localFile(5 * CHUNK_BYTES);
    given.server.faults.plan(APPEND, { do: 'answer', status: 500 }, { skip: 3 });
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
    ['that Dropbox has forgotten', () => given.server.loseSessions()],
    ['of other bytes', () => undefined],
    ['that is none', () => undefined],
  ])('begins anew after a session %s', async (what, lose) => {
    // Given
    const file = await localFile(3 * CHUNK_BYTES);
    given.server.faults.plan(APPEND, { do: 'answer', status: 503 }, { skip: 1 });
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
    given.server.faults.plan(APPEND, { do: 'answer', status: 503 }, { skip: 1 });
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
    given.server.faults.plan(pathname, { do: 'lose_answer' });
    const first = notingCall();
    const broken = await (await openStorage()).put(file, 'clip', first);
    const receivedBytes = given.server.receivedBytes;
    // When
    const put = await (await openStorage()).put(file, 'clip', notingCall(first.notes.at(-1)));
    // Then
    expect(broken).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(put).toMatchObject({ ok: true });
    expect(given.server.receivedBytes).toBe(receivedBytes);
  });

  test('by kill -9, ten times at random points, goes on each time', async () => {
    // Given
    const random = seededRandom(20_261_126);
    const file = await localFile(12 * CHUNK_BYTES + 4711);
    const notes: unknown[] = [];
    // When ten processes are killed, each when it has sent up to a chunk and a half, and the next knows one of the last three notes
    for (let kills = 0; kills < 10; kills += 1) {
      const killAtBytes = given.server.receivedBytes + Math.ceil(random() * 1.5 * CHUNK_BYTES);
      const known = notes.at(-1 - Math.floor(random() * Math.min(3, notes.length)));
      const { signal } = await putInChild(file, known, notes, killAtBytes);
      expect(signal).toBe('SIGKILL');
    }
    const { code } = await putInChild(file, notes.at(-1), notes, Number.POSITIVE_INFINITY);
    // Then it is stored; there was one session, so nothing began anew; and what was sent twice is what the kills cost
    expect(code).toBe(0);
    expect(await fetched('clips/clip')).toBe(file.sha256);
    expect(countOf(START)).toBe(1);
    expect(given.server.receivedBytes).toBeLessThan(file.sizeBytes + 10 * 2 * CHUNK_BYTES);
  }, 180_000);

  async function putInChild(file: LocalFile, savedProgress: unknown, notes: unknown[], killAtBytes: number) {
    const order: PutOrder = {
      backend: 'dropbox',
      config: config(),
      secrets: DROPBOX_SECRETS,
      file,
      key: 'clips/clip',
      folder: given.folder,
      savedProgress,
    };
    const child = spawn(process.execPath, [CHILD, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
    given.server.onReceived = () => void (given.server.receivedBytes >= killAtBytes && child.kill('SIGKILL'));
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
