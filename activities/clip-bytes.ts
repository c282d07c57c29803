import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clip } from '../src/domain/clip.ts';
import { err, type Result } from '../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../src/domain/stage-error.ts';
import type { Storage, StorageCall } from '../src/plugins/spec/storage.ts';

export interface ClipBytesDeps {
  readonly storage: Storage;
  readonly tempDir: string;
}

/**
 * Gives a stage the bytes of a clip, wherever it runs: by the local path when this machine has just these bytes there,
 * else fetched from storage into a file that lives as long as the call. Hash and size are checked either way.
 * Not stored yet is CLIP_NOT_STORED_YET; bytes that do not match are CLIP_CORRUPT.
 */
export async function withClipBytes<T>(
  { storage, tempDir }: ClipBytesDeps,
  clip: Clip,
  call: StorageCall,
  use: (path: string) => Promise<Result<T, PluginFailure>>,
): Promise<Result<T, PluginFailure>> {
  if (await holds(clip.path, clip)) return use(clip.path);
  await mkdir(tempDir, { recursive: true });
  const folder = await mkdtemp(join(tempDir, 'clip-'));
  try {
    const path = join(folder, `${clip.clipId}${extname(clip.storageKey)}`);
    const fetched = await storage.get(clip.storageKey, path, call);
    if (!fetched.ok) return fetched;
    if (!(await holds(path, clip))) return err(pluginFailure('CLIP_CORRUPT', `storage gave other bytes for ${clip.storageKey}`));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether the file is there and has exactly the clip's bytes. */
async function holds(path: string, { sizeBytes, sha256 }: Clip): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== sizeBytes) return false;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === sha256;
}
