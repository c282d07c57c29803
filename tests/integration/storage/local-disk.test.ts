import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { filesBelow, MARKER, useLocalStorage } from '../../support/local-storage.ts';
import { createCall } from '../../support/storage-calls.ts';
import type { StorageStep } from '../../support/storage-process.ts';

const STORAGE_PROCESS = fileURLToPath(new URL('../../support/storage-process.ts', import.meta.url));

const { given, openStorage, localFile } = useLocalStorage();

describe('a disk or share that is away', () => {
  test('is not written to: not its empty mount point, not a missing one, not by a new process', async () => {
    // Given a storage in use, whose disk is then unmounted
    const file = await localFile('the footage');
    const storage = openStorage();
    await storage.put(file, 'first', createCall());
    await rename(given.root, join(given.folder, 'unmounted'));
    const results = [];
    for (const prepare of [
      () => mkdir(given.root),
      () => writeFile(join(given.root, 'stray'), ''),
      () => rm(given.root, { recursive: true }),
    ]) {
      await prepare();
      // When
      for (const used of [storage, openStorage()]) {
        results.push(
          await used.put(file, 'second', createCall()),
          await used.verify('first', file, createCall()),
          await used.get('first', join(given.folder, 'fetched'), createCall()),
          await used.delete('first'),
          await used.ping(),
        );
      }
    }
    // Then
    expect(results.length).toBe(30);
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(await readdir(given.folder)).not.toContain('root');
    // When it is mounted again
    await rename(join(given.folder, 'unmounted'), given.root);
    // Then all goes on by itself
    expect(await storage.verify('first', file, createCall())).toMatchObject({ ok: true, value: { storageUri: 'local:first' } });
    expect(await storage.put(file, 'second', createCall())).toMatchObject({ ok: true });
  });

  test('is not written to when it goes away in the middle of a copy', async () => {
    // Given a storage in use
    const file = await localFile(Buffer.alloc(3_000_000, 'x'));
    const storage = openStorage();
    await storage.put(await localFile('first'), 'first', createCall());
    let isMounted = true;
    const onProgress = () => {
      if (!isMounted) return;
      isMounted = false;
      renameSync(given.root, join(given.folder, 'unmounted'));
      mkdirSync(given.root);
    };
    // When
    const put = await storage.put(file, 'second', { ...createCall(), onProgress });
    // Then the mount point is as empty as it was
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(await readdir(given.root)).toEqual([]);
  });

  test('is told from one that was emptied on purpose by the owner, as the message says', async () => {
    // Given
    const file = await localFile('the footage');
    await openStorage().put(file, 'first', createCall());
    await rm(given.root, { recursive: true });
    const refused = await openStorage().put(file, 'first', createCall());
    const [, note = ''] = /delete (\S+)$/.exec(refused.ok ? '' : refused.error.message) ?? [];
    // When
    await rm(note);
    // Then
    expect(await openStorage().put(file, 'first', createCall())).toMatchObject({ ok: true });
  });

  test('cannot be used where a file is the root', async () => {
    // Given
    await writeFile(given.root, 'not a folder');
    const file = await localFile('the footage');
    // When
    const put = await openStorage().put(file, 'first', createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
    expect(await readFile(given.root, 'utf8')).toBe('not a folder');
  });

  test('takes a root with files of others for new, and leaves them alone', async () => {
    // Given
    await mkdir(given.root);
    await writeFile(join(given.root, 'holiday.jpg'), 'sunset');
    const file = await localFile('the footage');
    const storage = openStorage();
    expect(await storage.verify('clip', file, createCall())).toEqual({ ok: true, value: undefined });
    expect(await filesBelow(given.root)).toEqual(['holiday.jpg']);
    // When
    await storage.put(file, 'clip', createCall());
    // Then
    expect(await filesBelow(given.root)).toEqual([MARKER, 'clip', 'holiday.jpg']);
  });
});

describe('a disk that refuses', () => {
  // Root in a container may not mount either; the run names what it had to leave out.
  const canMount = spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0;

  test.skipIf(!canMount)('for want of space keeps nothing, and takes the clip when there is room', async () => {
    // Given a disk of one megabyte, which only the process below sees
    await mkdir(given.root);
    const [small, large] = [await localFile(Buffer.alloc(400_000, 's')), await localFile(Buffer.alloc(900_000, 'l'))];
    // When
    const [, stored, full, fullPing, left, , room, , readOnly, ping, verified] = inProcess(
      ['unshare', '--map-root-user', '--mount'],
      [
        { do: 'run', command: 'mount', args: ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', given.root] },
        { do: 'put', file: small, key: 'small' },
        { do: 'put', file: large, key: 'large' },
        { do: 'ping' },
        { do: 'list' },
        { do: 'delete', key: 'small' },
        { do: 'put', file: large, key: 'large' },
        { do: 'run', command: 'mount', args: ['-o', 'remount,ro', given.root] },
        { do: 'put', file: small, key: 'small' },
        { do: 'ping' },
        { do: 'verify', file: large, key: 'large' },
      ],
    );
    // Then
    expect(stored).toMatchObject({ ok: true });
    expect(full).toMatchObject({ ok: false, error: { code: 'STORAGE_FULL' } });
    expect(fullPing).toMatchObject({ ok: false, error: { code: 'STORAGE_FULL' } });
    expect(left).toEqual(['.homesec', MARKER, '.homesec/parts', 'small']);
    expect(room).toMatchObject({ ok: true });
    expect(readOnly).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(ping).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(verified).toMatchObject({ ok: true, value: { storageUri: 'local:large' } });
  });

  test('for want of permission is denied for good', async () => {
    // Given a root that may not be written to, and a process without root's right to do so all the same
    const file = await localFile('the footage');
    await mkdir(given.root, { mode: 0o555 });
    const plain = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : ['env'];
    // When
    const results = inProcess(plain, [{ do: 'put', file, key: 'clip' }, { do: 'ping' }]);
    // Then
    expect(results.length).toBe(2);
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await filesBelow(given.root)).toEqual([]);
  });

  function inProcess([command = '', ...args]: readonly string[], steps: readonly StorageStep[]): unknown[] {
    const all = [...args, process.execPath, STORAGE_PROCESS, given.root, given.stateDir, JSON.stringify(steps)];
    return JSON.parse(execFileSync(command, all, { encoding: 'utf8' }));
  }
});
