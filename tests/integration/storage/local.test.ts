import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Storage } from '../../../src/plugins/spec/storage.ts';
import { localStorage } from '../../../src/plugins/storage/local/index.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { createCall, writeLocalFile } from '../../support/storage-calls.ts';
import type { StorageStep } from '../../support/storage-process.ts';

const SLOW_PUT = fileURLToPath(new URL('../../support/slow-put-process.ts', import.meta.url));
const STORAGE_PROCESS = fileURLToPath(new URL('../../support/storage-process.ts', import.meta.url));
const MARKER = '.homesec/THIS-IS-HOMESEC-STORAGE.txt';

let folder: string;
let root: string;
let stateDir: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-local-storage-'));
  root = join(folder, 'root');
  stateDir = join(folder, 'state');
  await mkdir(stateDir);
});
afterEach(() => rm(folder, { recursive: true }));

const openStorage = (at = root): Storage =>
  localStorage.create(localStorage.configSchema.parse({ root: at }), createTestContext({ stateDir }));

let files = 0;
const localFile = (content: string | Buffer) => {
  files += 1;
  return writeLocalFile(join(folder, `clip-${files}.mp4`), content);
};

/** Every file below a folder, as relative paths, sorted. */
async function filesBelow(path: string): Promise<string[]> {
  const found = await readdir(path, { recursive: true, withFileTypes: true });
  const names = found.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return names.map((name) => name.slice(path.length + 1)).sort();
}

describe('a stored clip', () => {
  test('lies under its key, alone but for the marker, and is named by the key', async () => {
    // Given
    const storage = openStorage();
    const file = await localFile('the footage');
    // When
    const put = await storage.put(file, 'clips/Haustür/1 2.mp4', createCall());
    // Then
    expect(put).toEqual({ ok: true, value: { storageUri: 'local:clips/Haustür/1 2.mp4' } });
    expect(await filesBelow(root)).toEqual([MARKER, 'clips/Haustür/1 2.mp4']);
    expect(await readFile(join(root, 'clips/Haustür/1 2.mp4'), 'utf8')).toBe('the footage');
  });

  test('is not written again when it is there', async () => {
    // Given
    const storage = openStorage();
    const file = await localFile('the footage');
    await storage.put(file, 'clip', createCall());
    const before = await stat(join(root, 'clip'));
    // When
    await storage.put(file, 'clip', createCall());
    // Then it is the same file, untouched
    const after = await stat(join(root, 'clip'));
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
    expect(await filesBelow(root)).toEqual([MARKER, 'clip']);
  });

  test('is read back: what the disk changed while it was written is not taken for a copy', async () => {
    // Given a disk that spoils the first byte after it was written
    const storage = openStorage();
    const file = await localFile(Buffer.alloc(3_000_000, 'x'));
    let isSpoilt = false;
    const onProgress = () => {
      if (isSpoilt) return;
      isSpoilt = true;
      const parts = join(root, '.homesec/parts');
      for (const part of readdirSync(parts)) writeFileSync(join(parts, part), 'y', { flag: 'r+' });
    };
    // When
    const put = await storage.put(file, 'clip', { ...createCall(), onProgress });
    // Then nothing is left of it, and the next try succeeds
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNVERIFIED' } });
    expect(await filesBelow(root)).toEqual([MARKER]);
    expect(await storage.put(file, 'clip', { ...createCall(), onProgress })).toMatchObject({ ok: true });
  });

  test('that was damaged later is noticed', async () => {
    // Given a stored clip of which one byte has rotted
    const storage = openStorage();
    const file = await localFile('the footage');
    await storage.put(file, 'clip', createCall());
    await writeFile(join(root, 'clip'), 'the f0otage');
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
    await rename(root, join(folder, 'moved'));
    // Then
    const verified = await openStorage(join(folder, 'moved')).verify('clip', file, createCall());
    expect(verified).toEqual({ ok: true, value: { storageUri: 'local:clip' } });
  });
});

describe('a put that is killed', () => {
  test('leaves nothing under the key; the next one succeeds, and what was left is cleaned up in time', async () => {
    // Given a process that is killed in the middle of copying
    const file = await localFile(Buffer.alloc(8_000_000, 'x'));
    const args = [SLOW_PUT, root, stateDir, JSON.stringify(file), 'clips/clip'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await exit;
    const left = (await filesBelow(root)).filter((name) => name.endsWith('.part'));
    expect(left.length).toBe(1);
    expect(await openStorage().verify('clips/clip', file, createCall())).toEqual({ ok: true, value: undefined });
    // When it is stored again, some time later
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(root, left[0] ?? ''), longAgo, longAgo);
    const put = await openStorage().put(file, 'clips/clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: true });
    expect(await filesBelow(root)).toEqual([MARKER, 'clips/clip']);
  });

  test('is not mistaken for one that is alive', async () => {
    // Given a part that another process is writing
    const storage = openStorage();
    await storage.put(await localFile('first'), 'first', createCall());
    await writeFile(join(root, '.homesec/parts/other.part'), 'half a clip');
    // When
    await openStorage().put(await localFile('second'), 'second', createCall());
    // Then
    expect(await filesBelow(root)).toContain('.homesec/parts/other.part');
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
    expect(await filesBelow(root)).toEqual([MARKER, 'clips/clip']);
  });
});

describe('a link that leads out of the root', () => {
  test.each(['clips/outside/secret', 'clips/outside/new', 'clips/link'])('is not followed for %s', async (key) => {
    // Given a folder and a file outside, and links to them inside
    const outside = join(folder, 'outside');
    const storage = openStorage();
    await storage.put(await localFile('x'), 'clips/some', createCall());
    await mkdir(outside);
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(outside, join(root, 'clips/outside'));
    await symlink(join(outside, 'secret'), join(root, 'clips/link'));
    const file = await localFile('secret');
    // When
    const results = [
      await storage.put(file, key, createCall()),
      await storage.get(key, join(folder, 'fetched'), createCall()),
      await storage.verify(key, file, createCall()),
    ];
    const deleted = await storage.delete(key);
    // Then: nothing outside was read, written or removed
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    if (key !== 'clips/link') expect(deleted).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await filesBelow(outside)).toEqual(['secret']);
    expect(await readdir(folder)).not.toContain('fetched');
  });

  test('is fine when it stays inside, and the root itself may be one', async () => {
    // Given
    const disk = join(folder, 'disk');
    await mkdir(join(disk, 'clips/real'), { recursive: true });
    await symlink('real', join(disk, 'clips/alias'));
    await symlink(disk, root);
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
    await mkdir(join(folder, 'outside'));
    await mkdir(root);
    await symlink(join(folder, 'outside'), join(root, '.homesec'));
    // When
    const put = await storage.put(file, 'clip', createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await readdir(join(folder, 'outside'))).toEqual([]);
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
    expect(await filesBelow(root)).toEqual([MARKER, 'clips/some']);
  });

  test('makes a name that the file system cannot hold a lasting failure', async () => {
    // Given a name of 300 bytes
    const file = await localFile('the footage');
    // When
    const put = await openStorage().put(file, `clips/${'x'.repeat(300)}`, createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await filesBelow(root)).toEqual([MARKER]);
  });
});

describe('a disk or share that is away', () => {
  test('is not written to: not its empty mount point, not a missing one, not by a new process', async () => {
    // Given a storage in use, whose disk is then unmounted
    const file = await localFile('the footage');
    const storage = openStorage();
    await storage.put(file, 'first', createCall());
    await rename(root, join(folder, 'unmounted'));
    const results = [];
    for (const prepare of [() => mkdir(root), () => writeFile(join(root, 'stray'), ''), () => rm(root, { recursive: true })]) {
      await prepare();
      // When
      for (const used of [storage, openStorage()]) {
        results.push(
          await used.put(file, 'second', createCall()),
          await used.verify('first', file, createCall()),
          await used.get('first', join(folder, 'fetched'), createCall()),
          await used.delete('first'),
          await used.ping(),
        );
      }
    }
    // Then
    expect(results.length).toBe(30);
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(await readdir(folder)).not.toContain('root');
    // When it is mounted again
    await rename(join(folder, 'unmounted'), root);
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
      renameSync(root, join(folder, 'unmounted'));
      mkdirSync(root);
    };
    // When
    const put = await storage.put(file, 'second', { ...createCall(), onProgress });
    // Then the mount point is as empty as it was
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_UNREACHABLE' } });
    expect(await readdir(root)).toEqual([]);
  });

  test('is told from one that was emptied on purpose by the owner, as the message says', async () => {
    // Given
    const file = await localFile('the footage');
    await openStorage().put(file, 'first', createCall());
    await rm(root, { recursive: true });
    const refused = await openStorage().put(file, 'first', createCall());
    const [, note = ''] = /delete (\S+)$/.exec(refused.ok ? '' : refused.error.message) ?? [];
    // When
    await rm(note);
    // Then
    expect(await openStorage().put(file, 'first', createCall())).toMatchObject({ ok: true });
  });

  test('cannot be used where a file is the root', async () => {
    // Given
    await writeFile(root, 'not a folder');
    const file = await localFile('the footage');
    // When
    const put = await openStorage().put(file, 'first', createCall());
    // Then
    expect(put).toMatchObject({ ok: false, error: { code: 'STORAGE_CONFLICT' } });
    expect(await readFile(root, 'utf8')).toBe('not a folder');
  });

  test('takes a root with files of others for new, and leaves them alone', async () => {
    // Given
    await mkdir(root);
    await writeFile(join(root, 'holiday.jpg'), 'sunset');
    const file = await localFile('the footage');
    const storage = openStorage();
    expect(await storage.verify('clip', file, createCall())).toEqual({ ok: true, value: undefined });
    expect(await filesBelow(root)).toEqual(['holiday.jpg']);
    // When
    await storage.put(file, 'clip', createCall());
    // Then
    expect(await filesBelow(root)).toEqual([MARKER, 'clip', 'holiday.jpg']);
  });
});

describe('a disk that refuses', () => {
  // Root in a container may not mount either; the run names what it had to leave out.
  const canMount = spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0;

  test.skipIf(!canMount)('for want of space keeps nothing, and takes the clip when there is room', async () => {
    // Given a disk of one megabyte, which only the process below sees
    await mkdir(root);
    const [small, large] = [await localFile(Buffer.alloc(400_000, 's')), await localFile(Buffer.alloc(900_000, 'l'))];
    // When
    const [, stored, full, fullPing, left, , room, , readOnly, ping, verified] = inProcess(
      ['unshare', '--map-root-user', '--mount'],
      [
        { do: 'run', command: 'mount', args: ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', root] },
        { do: 'put', file: small, key: 'small' },
        { do: 'put', file: large, key: 'large' },
        { do: 'ping' },
        { do: 'list' },
        { do: 'delete', key: 'small' },
        { do: 'put', file: large, key: 'large' },
        { do: 'run', command: 'mount', args: ['-o', 'remount,ro', root] },
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
    await mkdir(root, { mode: 0o555 });
    const plain = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : ['env'];
    // When
    const results = inProcess(plain, [{ do: 'put', file, key: 'clip' }, { do: 'ping' }]);
    // Then
    expect(results.length).toBe(2);
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { code: 'STORAGE_DENIED' } });
    expect(await filesBelow(root)).toEqual([]);
  });

  function inProcess([command = '', ...args]: readonly string[], steps: readonly StorageStep[]): unknown[] {
    const all = [...args, process.execPath, STORAGE_PROCESS, root, stateDir, JSON.stringify(steps)];
    return JSON.parse(execFileSync(command, all, { encoding: 'utf8' }));
  }
});
