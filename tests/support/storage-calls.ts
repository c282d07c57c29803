import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { LocalFile, StorageCall } from '../../src/plugins/spec/storage.ts';

/** A call that nobody cancels and nobody watches, but for what a test wants to see. */
export const createCall = (more: Partial<StorageCall> = {}): StorageCall => ({
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...more,
});

/** Writes a file, to be stored as it is. */
export async function writeLocalFile(path: string, content: string | Buffer): Promise<LocalFile> {
  await writeFile(path, content);
  return { path, sizeBytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') };
}
