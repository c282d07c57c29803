import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { LocalFile, Storage, StorageCall } from '../../src/plugins/spec/storage.ts';
import { dropboxStorage } from '../../src/plugins/storage/dropbox/index.ts';
import { seededRandom } from './camera-soak/seeded-random.ts';
import { DROPBOX_SECRETS, type DropboxServer, openDropboxServer } from './dropbox-server/dropbox-server.ts';
import { createTestContext } from './plugin-context.ts';
import { createCall, writeLocalFile } from './storage-calls.ts';

export const CHUNK_BYTES = 4 << 20;
export const UPLOAD = '/2/files/upload';
export const START = '/2/files/upload_session/start';
export const APPEND = '/2/files/upload_session/append_v2';
export const FINISH = '/2/files/upload_session/finish';

/** What a test of the Dropbox storage is given: a folder and a server of its own. */
export interface DropboxGiven {
  folder: string;
  server: DropboxServer;
}

/** To be called once in a test file. */
export function useDropbox() {
  // Filled before the first test.
  const given = {} as DropboxGiven;
  beforeEach(async () => {
    given.folder = await mkdtemp(join(tmpdir(), 'homesec-dropbox-'));
    given.server = await openDropboxServer();
  });
  afterEach(async () => {
    await given.server[Symbol.asyncDispose]();
    await rm(given.folder, { recursive: true });
  });

  const config = () => ({
    root: '/HomeSec',
    chunk_size_bytes: CHUNK_BYTES,
    api_url: given.server.url,
    content_url: given.server.url,
    timeout_s: 30,
  });
  const openStorage = (secrets: Record<string, string> = DROPBOX_SECRETS, more: object = {}): Promise<Storage> =>
    dropboxStorage.create(
      dropboxStorage.configSchema.parse({ ...config(), ...more }),
      createTestContext({ secrets, tempDir: given.folder }),
    );

  let files = 0;
  function localFile(sizeBytes: number): Promise<LocalFile> {
    files += 1;
    const random = seededRandom(files);
    const bytes = Buffer.from(Array.from({ length: 4096 }, () => Math.floor(random() * 256)));
    return writeLocalFile(join(given.folder, `clip-${files}.mp4`), Buffer.alloc(sizeBytes, bytes));
  }

  /** @returns the SHA-256 of what is stored. */
  async function fetched(key: string): Promise<string> {
    const path = join(given.folder, 'fetched');
    expect(await (await openStorage()).get(key, path, createCall())).toEqual({ ok: true, value: undefined });
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  }
  return { given, config, openStorage, localFile, fetched };
}

/** A call that keeps what is noted. */
export function notingCall(savedProgress?: unknown): StorageCall & { readonly notes: unknown[] } {
  const notes: unknown[] = [];
  return { ...createCall(), notes, savedProgress, saveProgress: (progress) => void notes.push(progress) };
}
