import { mkdtemp, readdir, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isRetryable } from '../../src/domain/stage-error.ts';
import type { Storage, StorageCall } from '../../src/plugins/spec/storage.ts';
import { createCall, writeLocalFile } from '../support/storage-calls.ts';

export interface StorageSetup {
  /** Empty, and reachable. */
  readonly storage: Storage;
  /** What the URIs of this backend begin with, without the colon. */
  readonly backend: string;
  /** Takes away what the set-up made. The suite has closed the storage before. */
  readonly dispose: () => Promise<void>;
}

const HOSTILE_KEYS = [
  '',
  '/etc/passwd',
  '../out',
  'a/../../out',
  'a/./b',
  'a//b',
  'a/',
  'a\\b',
  '..\\out',
  'a\0b',
  '.',
  '..',
  'a\nb',
];
const KEYS = [
  'plain.mp4',
  'clips/front_door/20261123T022700123Z.mp4',
  'clips/Haustür & Garten/監視 カメラ 🎥.mp4',
  'a/b/c/d/e',
  'ba..ck/.hidden',
  '50% #1 ?+&=;~.mp4',
];

/** Promises of every storage. `setup` makes a new empty one for each test. */
export function describeStorage(name: string, setup: () => Promise<StorageSetup>): void {
  describe(`storage ${name}`, () => {
    let folder: string;
    let given: StorageSetup;
    let storage: Storage;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'homesec-storage-contract-'));
      given = await setup();
      storage = given.storage;
    });
    afterEach(async () => {
      await storage.close();
      await given.dispose();
      await rm(folder, { recursive: true, force: true });
    });

    let files = 0;
    const localFile = (content: string | Buffer) => {
      files += 1;
      return writeLocalFile(join(folder, `local-${files}.mp4`), content);
    };
    const fetched = async (key: string): Promise<string> => {
      files += 1;
      const path = join(folder, `fetched-${files}`);
      expect(await storage.get(key, path, createCall())).toEqual({ ok: true, value: undefined });
      return readFile(path, 'utf8');
    };

    test.each(KEYS)('keeps bytes under %j and gives them back', async (key) => {
      // Given
      const file = await localFile('the footage');
      // When
      const put = await storage.put(file, key, createCall());
      // Then
      expect(put).toMatchObject({ ok: true, value: { storageUri: expect.stringMatching(`^${given.backend}:.`) } });
      expect(await storage.verify(key, file, createCall())).toEqual(put);
      expect(await fetched(key)).toBe('the footage');
    });

    test('keeps an empty file and a large one', async () => {
      // Given
      const empty = await localFile('');
      const large = await localFile(Buffer.alloc(5_000_001, 'x'));
      // When
      const puts = [await storage.put(empty, 'empty', createCall()), await storage.put(large, 'large', createCall())];
      // Then
      expect(puts.map(({ ok }) => ok)).toEqual([true, true]);
      expect(await fetched('empty')).toBe('');
      expect((await fetched('large')).length).toBe(5_000_001);
    });

    test('takes the same bytes under the same key again, with the same answer', async () => {
      // Given
      const file = await localFile('the footage');
      const first = await storage.put(file, 'clip', createCall());
      // When
      const second = await storage.put(file, 'clip', createCall());
      // Then
      expect(second).toEqual(first);
      expect(await fetched('clip')).toBe('the footage');
    });

    test('never replaces other bytes', async () => {
      // Given
      await storage.put(await localFile('first'), 'clip', createCall());
      const other = await localFile('other');
      // When
      const put = await storage.put(other, 'clip', createCall());
      const verified = await storage.verify('clip', other, createCall());
      // Then
      expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
      expect(verified).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
      expect(await fetched('clip')).toBe('first');
    });

    test('says that nothing is there', async () => {
      // Given an empty storage
      const file = await localFile('the footage');
      // When
      const verified = await storage.verify('clips/none', file, createCall());
      const got = await storage.get('clips/none', join(folder, 'fetched'), createCall());
      // Then
      expect(verified).toEqual({ ok: true, value: undefined });
      expect(got).toMatchObject({ ok: false, error: { code: 'CLIP_NOT_STORED_YET' } });
      expect(await readdir(folder)).not.toContain('fetched');
    });

    test('is not to blame when the local disk does not take what it gives', async () => {
      // Given a file in the place of the folder
      const file = await localFile('the footage');
      await storage.put(file, 'clip', createCall());
      // When
      const got = await storage.get('clip', join(file.path, 'fetched'), createCall());
      // Then
      expect(got).toMatchObject({ ok: false, error: { code: 'UNEXPECTED' } });
    });

    test('reports local bytes that are gone, unless they are stored already', async () => {
      // Given
      const kept = await localFile('kept');
      const lost = await localFile('lost');
      await storage.put(kept, 'kept', createCall());
      await unlink(kept.path);
      await unlink(lost.path);
      // When
      const again = await storage.put(kept, 'kept', createCall());
      const never = await storage.put(lost, 'lost', createCall());
      // Then
      expect(await storage.verify('kept', kept, createCall())).toMatchObject({ ok: true });
      expect(again.ok || again.error.code === 'CLIP_MISSING').toBe(true);
      expect(never).toMatchObject({ ok: false, error: { code: 'CLIP_MISSING' } });
    });

    test.each([
      ['longer', 'the footage and more'],
      ['shorter', 'the'],
      ['as long', 'THE FOOTAGE'],
    ])('stores nothing when the local bytes have changed and are %s', async (_how, content) => {
      // Given
      const file = await localFile('the footage');
      await writeFile(file.path, content);
      // When
      const put = await storage.put(file, 'clip', createCall());
      // Then
      expect(put).toMatchObject({ ok: false, error: { code: 'CLIP_CORRUPT' } });
      expect(await storage.verify('clip', file, createCall())).toEqual({ ok: true, value: undefined });
    });

    test('ends when the local bytes become shorter on the way', async () => {
      // Given a file that is cut off once its first bytes are to be sent
      const file = await localFile(Buffer.alloc(4_000_000, 'x'));
      const pace = () => truncate(file.path, 1000);
      // When
      const put = await storage.put(file, 'clip', { ...createCall(), pace });
      // Then
      expect(put.ok || put.error.code === 'CLIP_CORRUPT').toBe(true);
      expect(await storage.verify('clip', file, createCall())).toEqual(put.ok ? put : { ok: true, value: undefined });
    });

    test('deletes, and deletes again', async () => {
      // Given
      const file = await localFile('the footage');
      await storage.put(file, 'clips/clip', createCall());
      // When
      const deletes = [await storage.delete('clips/clip'), await storage.delete('clips/clip'), await storage.delete('no/such')];
      // Then
      for (const deleted of deletes) expect(deleted).toEqual({ ok: true, value: undefined });
      expect(await storage.verify('clips/clip', file, createCall())).toEqual({ ok: true, value: undefined });
    });

    test('never takes what clips have in common in their keys for a clip', async () => {
      // Given
      const file = await localFile('the footage');
      await storage.put(file, 'clips/yard/clip', createCall());
      // When
      const results = [await storage.delete('clips'), await storage.delete('clips/yard')];
      const put = await storage.put(file, 'clips', createCall());
      // Then: storages without folders have nothing there
      for (const result of results) expect(result.ok || !isRetryable(result.error.code)).toBe(true);
      expect(put.ok || put.error.code === 'STORAGE_CONFLICT').toBe(true);
      expect(await fetched('clips/yard/clip')).toBe('the footage');
    });

    test.each(HOSTILE_KEYS)('refuses the key %j in every call, for good', async (key) => {
      // Given
      const file = await localFile('the footage');
      // When
      const results = [
        await storage.put(file, key, createCall()),
        await storage.verify(key, file, createCall()),
        await storage.get(key, join(folder, 'fetched'), createCall()),
        await storage.delete(key),
      ];
      // Then
      for (const result of results) {
        expect(result.ok).toBe(false);
        if (!result.ok) expect(isRetryable(result.error.code)).toBe(false);
      }
      expect(await readdir(folder)).not.toContain('fetched');
    });

    test('reports progress that grows to the size of the file', async () => {
      // Given
      const file = await localFile(Buffer.alloc(6_000_000, 'x'));
      const progress: number[] = [];
      // When
      await storage.put(file, 'clip', { ...createCall(), onProgress: (bytes) => progress.push(bytes) });
      // Then
      expect(progress.length).toBeGreaterThan(0);
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      expect(progress.at(-1)).toBe(file.sizeBytes);
    });

    test('asks before it sends, for all bytes that it sends and for no others', async () => {
      // Given
      const file = await localFile(Buffer.alloc(3_000_000, 'x'));
      let asked = 0;
      const pace = async (bytes: number) => void (asked += bytes);
      // When it is stored, and stored again
      for (const _ of [1, 2]) await storage.put(file, 'clip', { ...createCall(), pace });
      // Then
      expect(asked).toBe(file.sizeBytes);
    });

    test('does nothing for a call that was cancelled before, and can be asked again', async () => {
      // Given
      const file = await localFile('the footage');
      const reason = new Error('called off');
      const cancelled: StorageCall = { ...createCall(), signal: AbortSignal.abort(reason) };
      // When
      const put = storage.put(file, 'clip', cancelled);
      // Then
      await expect(put).rejects.toBe(reason);
      expect(await storage.verify('clip', file, createCall())).toEqual({ ok: true, value: undefined });
      expect(await storage.put(file, 'clip', createCall())).toMatchObject({ ok: true });
    });

    test('leaves nothing under the key when it is cancelled on the way', async () => {
      // Given
      const file = await localFile(Buffer.alloc(11_000_000, 'x'));
      const controller = new AbortController();
      // When
      const call = { signal: controller.signal, onProgress: () => controller.abort('called off') };
      const [put] = await Promise.allSettled([storage.put(file, 'clip', call)]);
      // Then: all or nothing, and what is answered is so
      const verified = await storage.verify('clip', file, createCall());
      expect(verified).toMatchObject({ ok: true });
      if (put.status === 'fulfilled') expect(verified).toEqual(put.value);
      else expect(put.reason).toBe('called off');
      expect(await storage.put(file, 'clip', createCall())).toMatchObject({ ok: true });
    });

    test('takes the same bytes from many at once', async () => {
      // Given
      const file = await localFile(Buffer.alloc(3_000_000, 'x'));
      // When
      const puts = await Promise.all(Array.from({ length: 8 }, () => storage.put(file, 'new/folder/clip', createCall())));
      // Then
      expect(puts.map(({ ok }) => ok)).toEqual(Array(8).fill(true));
      expect(await storage.verify('new/folder/clip', file, createCall())).toMatchObject({ ok: true });
    });

    test('lets one win when many put different bytes at once', async () => {
      // Given
      const rivals = await Promise.all(Array.from({ length: 8 }, (_none, index) => localFile(String(index).repeat(500_000))));
      // When
      const puts = await Promise.all(rivals.map((rival) => storage.put(rival, 'clip', createCall())));
      // Then
      const winners = rivals.filter((_rival, index) => puts[index]?.ok);
      const [winner] = winners;
      expect(winners.length).toBe(1);
      for (const put of puts) if (!put.ok) expect(put.error.code).toBe('STORAGE_CONFLICT');
      if (winner !== undefined) expect(await storage.verify('clip', winner, createCall())).toMatchObject({ ok: true });
    });

    test('answers a ping, and can be closed twice', async () => {
      // Given an empty storage
      // When
      const ping = await storage.ping();
      // Then
      expect(ping).toEqual({ ok: true, value: undefined });
      await storage.close();
      await storage.close();
    });
  });
}
