import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import type { LocalFile, StorageCall } from '../plugins/spec/storage.ts';
import type { Patience } from './patience.ts';
import { StorageStop } from './storage-stop.ts';

const READ_BYTES = 1 << 20;
/** What is sent at a time: small enough that a limit on bandwidth is met smoothly. */
const SLICE_BYTES = 1 << 18;

/** Part of a file; `end` is the first byte after it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Opens a clip's own bytes. Gone: CLIP_MISSING. */
export function openLocal(file: LocalFile): Promise<FileHandle> {
  return open(file.path, 'r').catch((thrown: unknown) => {
    throw new StorageStop(localFailure(file.path, thrown));
  });
}

/**
 * Reads all of a clip's bytes, handing on each piece, and ends the work with CLIP_CORRUPT unless they are those that were
 * sealed. The pieces share one buffer.
 */
export async function readSealed(
  handle: FileHandle,
  file: LocalFile,
  call: StorageCall,
  onPiece: (piece: Uint8Array) => void = () => undefined,
): Promise<void> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(READ_BYTES);
  let sizeBytes = 0;
  for (;;) {
    call.signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, sizeBytes).catch((thrown: unknown) => {
      throw new StorageStop(localFailure(file.path, thrown));
    });
    if (bytesRead === 0) break;
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    onPiece(piece);
    sizeBytes += bytesRead;
    call.onProgress(0);
  }
  if (sizeBytes !== file.sizeBytes || hash.digest('hex') !== file.sha256) throw new StorageStop(changed(file.path));
}

/**
 * The bytes of a range as they may be sent: no faster than the call's pace, and only as they are asked for. Ends the work when they
 * can no longer be read: sending fewer than were announced would hang the request.
 */
export async function* slicesToSend(
  handle: FileHandle,
  { start, end }: ByteRange,
  patience: Patience,
): AsyncGenerator<Buffer, void, undefined> {
  for (let at = start; at < end; ) {
    const slice = Buffer.allocUnsafe(Math.min(SLICE_BYTES, end - at));
    await patience.pace(slice.length);
    const { bytesRead } = await handle.read(slice, 0, slice.length, at).catch((thrown: unknown) => {
      throw new StorageStop(localFailure('on its way', thrown));
    });
    if (bytesRead === 0) throw new StorageStop(pluginFailure('CLIP_CORRUPT', 'the local clip became shorter on its way'));
    yield slice.subarray(0, bytesRead);
    at += bytesRead;
    patience.progress(at);
  }
}

/**
 * Writes what comes into a new file, which appears under its name when it is complete. A local disk that fails is no fault of
 * the storage: UNEXPECTED.
 */
export async function saveNew(path: string, body: AsyncIterable<Uint8Array>, patience: Patience): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.part`;
  const locally = <T>(work: Promise<T>): Promise<T> => work.catch((thrown: unknown) => Promise.reject(notWritten(path, thrown)));
  try {
    await locally(mkdir(dirname(path), { recursive: true }));
    const file = await locally(open(unfinished, 'wx'));
    try {
      let doneBytes = 0;
      for await (const piece of body) {
        for (let at = 0; at < piece.length; ) at += (await locally(file.write(piece, at))).bytesWritten;
        patience.progress((doneBytes += piece.length));
      }
    } finally {
      await file.close();
    }
    await locally(rename(unfinished, path));
  } finally {
    await rm(unfinished, { force: true }).catch(() => undefined);
  }
}

/** SHA-256 of a file, in lower-case hex digits; the caller hears how far it is. */
export function hashOfFile(path: string, { signal, onProgress }: StorageCall): Promise<string> {
  return hashOf(createReadStream(path, { signal }), { progress: onProgress });
}

/** SHA-256 of what comes, in lower-case hex digits. */
export async function hashOf(body: AsyncIterable<Uint8Array>, patience: Pick<Patience, 'progress'>): Promise<string> {
  const hash = createHash('sha256');
  let doneBytes = 0;
  for await (const piece of body) {
    hash.update(piece);
    patience.progress((doneBytes += piece.length));
  }
  return hash.digest('hex');
}

/** A failure of the clip's own local bytes. */
export function localFailure(path: string, thrown: unknown): PluginFailure {
  const errno = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  const why = `could not read the local clip ${path}: ${String(errno ?? thrown)}`;
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return pluginFailure('CLIP_MISSING', why, thrown);
  if (errno === 'EIO' || errno === 'EISDIR') return pluginFailure('CLIP_CORRUPT', why, thrown);
  return pluginFailure('UNEXPECTED', why, thrown);
}

const notWritten = (path: string, thrown: unknown): StorageStop =>
  new StorageStop(pluginFailure('UNEXPECTED', `could not write the local file ${path}`, thrown));

const changed = (path: string): PluginFailure => pluginFailure('CLIP_CORRUPT', `${path} is not what was sealed`);
