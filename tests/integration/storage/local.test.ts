import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { filesBelow, MARKER, useLocalStorage } from '../../support/local-storage.ts';
import { createCall } from '../../support/storage-calls.ts';

const SLOW_PUT = fileURLToPath(new URL('../../support/slow-put-process.ts', import.meta.url));

const { given, openStorage, localFile } = useLocalStorage();

describe('a stored clip', () => {
  test('lies under its key, alone but for the marker, and is named by the key', async () => {
    // Given
    const storage = openStorage();
    const file = await localFile('the footage');
    // When
    const put = await storage.put(file, 'clips/Haustür/1 2.mp4', createCall());
    // Then
    expect(put).toEqual({ ok: true, value: { storageUri: 'local:clips/Haustür/1 2.mp4' } });
    expect(await filesBelow(given.root)).toEqual([MARKER, 'clips/Haustür/1 2.mp4']);
    expect(await readFile(join(given.root, 'clips/Haustür/1 2.mp4'), 'utf8')).toBe('the footage');
  });

  test('is not written again when it is there', async () => {
    // Given
    const storage = openStorage();
    const file = await localFile('the footage');
    await storage.put(file, 'clip', createCall());
    const before = await stat(join(given.root, 'clip'));
    // When
    await storage.put(file, 'clip', createCall());
    // Then it is the same file, untouched
    const after = await stat(join(given.root, 'clip'));
    expect([after.ino, after.mtimeMs, after.ctimeMs]).toEqual([before.ino, before.mtimeMs, before.ctimeMs]);
  });

  test('is enough when the local bytes are gone', async () => {
    // Given a stored clip whose local file was removed
    const storage = openStorage();
    const file = await localFile('the footage');
    const first = await storage.put(file, 'clip', createCall());
    await rm(file.path);
    // When
    const again = await storage.put(file, 'clip', createCall());
    // Then
    expect(again).toEqual(first);
  });

  test("never lies in the storage's own folder", async () => {
    // Given
    const storage = openStorage();
    const file = await localFile('the footage');
    await storage.put(file, 'clip', createCall());
    // When
    const puts = [await storage.put(file, '.homesec/clip', createCall()), await storage.put(file, MARKER, createCall())];
    const deleted = await storage.delete(MARKER);
    // Then
    for (const result of [...puts, deleted]) expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await filesBelow(given.root)).toEqual([MARKER, 'clip']);
  });

  test('is read back: what the disk changed while it was written is not taken for a copy', async () => {
    // Given a disk that spoils the first byte after it was written
    const storage = openStorage();
    const file = await localFile(Buffer.alloc(3_000_000, 'x'));
    let isSpoilt = false;
    const onProgress = () => {
      if (isSpoilt) return;
      isSpoilt = true;
      const parts = join(given.root, '.homesec/parts');
      for (const part of readdirSync(parts)) writeFileSync(join(parts, part), 'y', { flag: 'r+' });
    };
    // When
    const put = await storage.put(file, 'clip', { ...createCall(), onProgress });
    // Then nothing is left of it, and the next try succeeds
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNVERIFIED' } });
    expect(await filesBelow(given.root)).toEqual([MARKER]);
    expect(await storage.put(file, 'clip', { ...createCall(), onProgress })).toMatchObject({ ok: true });
  });

  test('that was damaged later is noticed', async () => {
    // Given a stored clip of which one byte has rotted
    const storage = openStorage();
    const file = await localFile('the footage');
    await storage.put(file, 'clip', createCall());
    await writeFile(join(given.root, 'clip'), 'the f0otage');
    // When
    const results = [await storage.verify('clip', file, createCall()), await storage.put(file, 'clip', createCall())];
    // Then
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
  });

  test('moves with its root', async () => {
    // Given
    const file = await localFile('the footage');
    await openStorage().put(file, 'clip', createCall());
    // When
    await rename(given.root, join(given.folder, 'moved'));
    // Then
    const verified = await openStorage(join(given.folder, 'moved')).verify('clip', file, createCall());
    expect(verified).toEqual({ ok: true, value: { storageUri: 'local:clip' } });
  });
});

describe('a put that is killed', () => {
  test('leaves nothing under the key; the next one succeeds, and what was left is cleaned up in time', async () => {
    // Given a process that is killed in the middle of copying
    const file = await localFile(Buffer.alloc(8_000_000, 'x'));
    const args = [SLOW_PUT, given.root, given.stateDir, JSON.stringify(file), 'clips/clip'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await exit;
    const left = (await filesBelow(given.root)).filter((name) => name.endsWith('.part'));
    expect(left.length).toBe(1);
    expect(await openStorage().verify('clips/clip', file, createCall())).toEqual({ ok: true, value: undefined });
    // When it is stored again, some time later
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(given.root, left[0] ?? ''), longAgo, longAgo);
    const put = await openStorage().put(file, 'clips/clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
    expect(await filesBelow(given.root)).toEqual([MARKER, 'clips/clip']);
  });

  test('is not mistaken for one that is alive', async () => {
    // Given a part that another process is writing
    const storage = openStorage();
    await storage.put(await localFile('first'), 'first', createCall());
    await writeFile(join(given.root, '.homesec/parts/other.part'), 'half a clip');
    // When
    await openStorage().put(await localFile('second'), 'second', createCall());
    // Then
    expect(await filesBelow(given.root)).toContain('.homesec/parts/other.part');
  });
});

describe('several users of one root', () => {
  test('store the same clip at once without harm', async () => {
    // Given two instances that know nothing of each other, and a root that neither has used
    const file = await localFile(Buffer.alloc(4_000_000, 'x'));
    const storages = Array.from({ length: 4 }, () => openStorage());
    // When
    const puts = await Promise.all(storages.map((storage) => storage.put(file, 'clips/clip', createCall())));
    // Then
    for (const put of puts) expect(put).toEqual({ ok: true, value: { storageUri: 'local:clips/clip' } });
    expect(await filesBelow(given.root)).toEqual([MARKER, 'clips/clip']);
  });
});

describe('a link that leads out of the root', () => {
  test.each(['clips/outside/secret', 'clips/outside/new', 'clips/link'])('is not followed for %s', async (key) => {
    // Given a folder and a file outside, and links to them inside
    const outside = join(given.folder, 'outside');
    const storage = openStorage();
    await storage.put(await localFile('x'), 'clips/some', createCall());
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(outside, join(given.root, 'clips/outside'));
    await symlink(join(outside, 'secret'), join(given.root, 'clips/link'));
    const file = await localFile('secret');
    // When
    const results = [
      await storage.put(file, key, createCall()),
      await storage.get(key, join(given.folder, 'fetched'), createCall()),
      await storage.verify(key, file, createCall()),
    ];
    const deleted = await storage.delete(key);
    // Then: nothing outside was read, written or removed
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    if (key !== 'clips/link') expect(deleted).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await filesBelow(outside)).toEqual(['secret']);
    expect(await readdir(given.folder)).not.toContain('fetched');
  });

  test('is fine when it stays inside, and the root itself may be one', async () => {
    // Given
    const disk = join(given.folder, 'disk');
    await mkdir(join(disk, 'clips/real'), { recursive: true });
    await symlink('real', join(disk, 'clips/alias'));
    await symlink(disk, given.root);
    const storage = openStorage();
    const file = await localFile('the footage');
    // When
    const put = await storage.put(file, 'clips/alias/clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
    expect(await readFile(join(disk, 'clips/real/clip'), 'utf8')).toBe('the footage');
  });

  test("cannot be put in the place of the storage's own folder", async () => {
    // Given
    const storage = openStorage();
    const file = await localFile('the footage');
    await mkdir(join(given.folder, 'outside'));
    await mkdir(given.root);
    await symlink(join(given.folder, 'outside'), join(given.root, '.homesec'));
    // When
    const put = await storage.put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await readdir(join(given.folder, 'outside'))).toEqual([]);
    expect(await storage.put(file, '.homesec/clip', createCall())).toMatchObject({
      ok: false,
      error: { code: 'STORAGE_DENIED' },
    });
  });
});

describe('what is in the way', () => {
  test.each(['clips', 'clips/some/below'])('makes %s a conflict', async (key) => {
    // Given a folder where a file should be, or the other way round
    const storage = openStorage();
    await storage.put(await localFile('x'), 'clips/some', createCall());
    const file = await localFile('the footage');
    // When
    const put = await storage.put(file, key, createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
    expect(await filesBelow(given.root)).toEqual([MARKER, 'clips/some']);
  });

  test('makes a name that the file system cannot hold a lasting failure', async () => {
    // Given a name of 300 bytes
    const file = await localFile('the footage');
    // When
    const put = await openStorage().put(file, `clips/${'x'.repeat(300)}`, createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await filesBelow(given.root)).toEqual([MARKER]);
  });
});
