import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from './refusal.ts';

const BLOCK_BYTES = 4 * 1024 * 1024;

export interface KeptFile {
  readonly '.tag': 'file';
  readonly name: string;
  readonly id: string;
  readonly rev: string;
  readonly path_display: string;
  readonly path_lower: string;
  readonly size: number;
  readonly content_hash: string;
  readonly client_modified: string;
  readonly server_modified: string;
}

/** Everything stored, on disk: a test may store gigabytes. Paths know no case, as Dropbox has it. */
export class KeptFiles {
  readonly #dir: string;
  readonly #files = new Map<string, { metadata: KeptFile; at: string }>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  newPart(): string {
    return join(this.#dir, randomUUID());
  }

  get paths(): string[] {
    return [...this.#files.values()].map(({ metadata }) => metadata.path_display).sort();
  }

  find(path: string): KeptFile | { readonly '.tag': 'folder'; readonly name: string } | undefined {
    const lower = path.toLowerCase();
    const isFolder = [...this.#files.keys()].some((name) => name.startsWith(`${lower}/`));
    return isFolder ? { '.tag': 'folder', name: path } : this.#files.get(lower)?.metadata;
  }

  /** Where a file's bytes lie on disk. */
  locate(path: string): { metadata: KeptFile; at: string } {
    const found = this.#files.get(path.toLowerCase());
    if (found === undefined) throw new Refusal('path/not_found/..', { '.tag': 'path', path: { '.tag': 'not_found' } });
    return found;
  }

  /** Mode `add` without a new name: the same bytes again are the file that is there, others a conflict. */
  async commit(path: string, at: string, contentHash?: string): Promise<KeptFile> {
    if (!/^(\/[^/\\]+)+$/.test(path)) throw new Refusal('path/malformed_path/..', { '.tag': 'path' });
    const content_hash = await hashFile(at);
    const { size } = await stat(at);
    if (contentHash !== undefined && contentHash !== content_hash) {
      throw new Refusal('content_hash_mismatch/..', { '.tag': 'content_hash_mismatch' });
    }
    const there = this.find(path);
    if (there?.['.tag'] === 'file' && there.content_hash === content_hash) return there;
    const above = path.toLowerCase().split('/').slice(0, -1);
    const isBelowFile = above.some((_part, index) => this.#files.has(above.slice(0, index + 1).join('/')));
    if (there !== undefined || isBelowFile)
      throw new Refusal('path/conflict/file/..', { '.tag': 'path', reason: { '.tag': 'conflict' } });
    const modified = new Date().toISOString();
    const metadata: KeptFile = {
      '.tag': 'file',
      name: path.split('/').at(-1) ?? '',
      id: `id:${randomUUID()}`,
      rev: randomUUID().replaceAll('-', ''),
      path_display: path,
      path_lower: path.toLowerCase(),
      size,
      content_hash,
      client_modified: modified,
      server_modified: modified,
    };
    this.#files.set(metadata.path_lower, { metadata, at });
    return metadata;
  }

  async remove(path: string): Promise<KeptFile> {
    const { metadata, at } = this.#files.get(path.toLowerCase()) ?? {};
    if (metadata === undefined || at === undefined) {
      throw new Refusal('path_lookup/not_found/..', { '.tag': 'path_lookup', path_lookup: { '.tag': 'not_found' } });
    }
    this.#files.delete(metadata.path_lower);
    await rm(at);
    return metadata;
  }
}

/** Dropbox's content hash, written from its description once more: a shared mistake would go unseen. */
async function hashFile(path: string): Promise<string> {
  const file: FileHandle = await open(path);
  try {
    const whole = createHash('sha256');
    const block = Buffer.alloc(BLOCK_BYTES);
    for (;;) {
      let filled = 0;
      for (;;) {
        const { bytesRead } = await file.read(block, filled, BLOCK_BYTES - filled);
        filled += bytesRead;
        if (bytesRead === 0 || filled === BLOCK_BYTES) break;
      }
      if (filled > 0) whole.update(createHash('sha256').update(block.subarray(0, filled)).digest());
      if (filled < BLOCK_BYTES) return whole.digest('hex');
    }
  } finally {
    await file.close();
  }
}
