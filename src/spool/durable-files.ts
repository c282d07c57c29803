import { createHash } from 'node:crypto';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';

export interface HashedBytes {
  readonly sizeBytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

/**
 * The only file operations that change the spool, so that what survives a power cut is decided in one place. Everything
 * here rejects with the system's error (`ENOSPC`, `ENOENT`, …).
 */
export interface DurableFiles {
  /** Writes a whole new file and its bytes to disk. */
  write(path: string, text: string): Promise<void>;
  /** Adds to the end of a file and to the disk. */
  append(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, to: string): Promise<void>;
  /** Missing already is success. */
  remove(path: string): Promise<void>;
  /** Copies into a new file, on disk when it resolves. */
  copy(from: string, to: string): Promise<HashedBytes>;
  /** Reads a file through and sees to it that its bytes are on disk. */
  settle(path: string): Promise<HashedBytes>;
  /** Makes renames, links and new files in a folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
}

const CHUNK_BYTES = 1 << 20;

export const durableFiles: DurableFiles = {
  write: (path, text) => writeSynced(path, 'w', text),
  append: (path, text) => writeSynced(path, 'a', text),
  rename,
  link,
  remove: (path) => rm(path, { force: true }),
  async copy(from, to) {
    await using source = await open(from, 'r');
    await using target = await open(to, 'wx');
    const hashed = await hashThrough(source, async (chunk) => {
      await target.writeFile(chunk);
    });
    await target.sync();
    return hashed;
  },
  async settle(path) {
    await using file = await open(path, 'r');
    const hashed = await hashThrough(file, async () => {});
    await syncIfPossible(file);
    return hashed;
  },
  async syncFolder(path) {
    await using folder = await open(path, 'r');
    await syncIfPossible(folder);
  },
};

async function writeSynced(path: string, flags: 'w' | 'a', text: string): Promise<void> {
  await using file = await open(path, flags);
  await file.writeFile(text);
  await file.sync();
}

async function hashThrough(file: FileHandle, each: (chunk: Uint8Array) => Promise<void>): Promise<HashedBytes> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let sizeBytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, sizeBytes);
    if (bytesRead === 0) return { sizeBytes, sha256: hash.digest('hex') };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await each(chunk);
    sizeBytes += bytesRead;
  }
}

/** Some network file systems know no fsync for folders or files opened to read. Theirs is not the spool's own disk. */
async function syncIfPossible(file: FileHandle): Promise<void> {
  try {
    await file.sync();
  } catch (cause) {
    if (!['EINVAL', 'ENOTSUP', 'EBADF', 'EROFS'].includes(systemCodeOf(cause) ?? '')) throw cause;
  }
}

/** `ENOENT`, `ENOSPC`, … of an error of the file system. */
export function systemCodeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}
