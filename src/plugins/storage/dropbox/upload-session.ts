import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { files } from 'dropbox';
import { z } from 'zod';
import { slicesToSend } from '../../../kit/local-bytes.ts';
import type { StorageCall } from '../../spec/storage.ts';
import type { DropboxLink } from './dropbox-link.ts';
import { correctOffsetOf } from './failures.ts';

/** What is to be stored, and where. */
export interface Upload {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly contentHash: string;
  /** Dropbox's own path. */
  readonly path: string;
  readonly chunkBytes: number;
}

/** Where an upload stands, as Dropbox counts it. */
const cursorSchema = z.strictObject({ contentHash: z.string(), sessionId: z.string(), offset: z.int().nonnegative() });
type Cursor = z.output<typeof cursorSchema>;

/**
 * Uploads in one request what fits into a chunk, anything larger in a session. Never replaces: another file under the path is
 * a refusal by Dropbox; the same bytes there are as good as ours.
 */
export async function upload(link: DropboxLink, work: Upload, call: StorageCall): Promise<files.FileMetadata> {
  const { handle, sizeBytes, contentHash, chunkBytes } = work;
  if (sizeBytes > chunkBytes) return uploadInSession(link, work, call);
  const { result } = await link.ask(call, (client, patience) => {
    const contents = Readable.from(slicesToSend(handle, { start: 0, end: sizeBytes }, patience));
    return client.filesUpload({ ...commitOf(work), content_hash: contentHash, contents }, { signal: patience.signal });
  });
  return result;
}

/**
 * Goes on with the session that an earlier attempt has left, at the offset that Dropbox has, whatever was noted: an attempt
 * that was killed may have sent more than it could note.
 */
async function uploadInSession(link: DropboxLink, work: Upload, call: StorageCall): Promise<files.FileMetadata> {
  const saved = cursorSchema.safeParse(call.savedProgress);
  const known = saved.success && saved.data.contentHash === work.contentHash ? saved.data : undefined;
  return sendAll(link, work, call, known ?? (await begin(link, work, call)));
}

async function begin(link: DropboxLink, { contentHash }: Upload, call: StorageCall): Promise<Cursor> {
  const { result } = await link.ask(call, (client, { signal }) => client.filesUploadSessionStart({}, { signal }));
  return { contentHash, sessionId: result.session_id, offset: 0 };
}

async function sendAll(link: DropboxLink, work: Upload, call: StorageCall, from: Cursor): Promise<files.FileMetadata> {
  let cursor = from;
  for (;;) {
    call.saveProgress?.(cursor);
    try {
      if (cursor.offset === work.sizeBytes) return await commit(link, work, call, cursor);
      cursor = await append(link, work, call, cursor);
    } catch (thrown) {
      const offset = correctOffsetOf(thrown);
      // The same again would be refused for ever.
      if (offset === undefined || offset === cursor.offset || offset > work.sizeBytes) throw thrown;
      cursor = { ...cursor, offset };
    }
  }
}

async function append(link: DropboxLink, work: Upload, call: StorageCall, cursor: Cursor): Promise<Cursor> {
  const { offset, sessionId } = cursor;
  const end = Math.min(offset + work.chunkBytes, work.sizeBytes);
  await link.ask(call, (client, patience) => {
    const contents = Readable.from(slicesToSend(work.handle, { start: offset, end }, patience));
    return client.filesUploadSessionAppendV2(
      { cursor: { session_id: sessionId, offset }, contents },
      { signal: patience.signal },
    );
  });
  return { ...cursor, offset: end };
}

async function commit(link: DropboxLink, work: Upload, call: StorageCall, cursor: Cursor): Promise<files.FileMetadata> {
  const { result } = await link.ask(call, (client, { signal }) =>
    client.filesUploadSessionFinish(
      { cursor: { session_id: cursor.sessionId, offset: cursor.offset }, commit: commitOf(work) },
      { signal },
    ),
  );
  return result;
}

/** `add` without a new name: a different file in the way is refused. `mute`: no desktop notification for each clip. */
const commitOf = ({ path }: Upload): files.CommitInfo => ({ path, mode: { '.tag': 'add' }, autorename: false, mute: true });
