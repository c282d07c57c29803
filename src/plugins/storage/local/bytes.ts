import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import type { PluginFailure } from '../../../domain/stage-error.ts';
import { StorageStop } from '../../../kit/storage-stop.ts';
import type { StorageCall } from '../../spec/storage.ts';

const CHUNK_BYTES = 1 << 20;

/** What a stream of bytes was, as counted and hashed on its way. */
export interface Digest {
  readonly sizeBytes: number;
  readonly sha256: string;
}

export const sameBytes = (a: Digest, b: Digest): boolean => a.sizeBytes === b.sizeBytes && a.sha256 === b.sha256;

/** Opens for reading, never through a symbolic link, and without waiting for the other end should it be a pipe. */
export const openPlain = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);

export interface Reading {
  readonly file: FileHandle;
  readonly call: StorageCall;
  /** What a failed read means. */
  readonly explain: (thrown: unknown) => PluginFailure;
  readonly write?: (chunk: Uint8Array) => Promise<void>;
}

/** Reads a file from its beginning to its end, hashing, and handing on each chunk. Stops between chunks when aborted. */
export async function readThrough({ file, call, explain, write }: Reading): Promise<Digest> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(CHUNK_BYTES);
  let sizeBytes = 0;
  for (;;) {
    call.signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, sizeBytes).catch((thrown: unknown) => {
      throw new StorageStop(explain(thrown));
    });
    if (bytesRead === 0) return { sizeBytes, sha256: hash.digest('hex') };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await write?.(chunk);
    sizeBytes += bytesRead;
    call.onProgress(sizeBytes);
  }
}

/** Writes all of a chunk: a single write may take less than it was given. */
export async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    done += (await file.write(chunk, done)).bytesWritten;
  }
}
