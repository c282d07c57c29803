import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeMedia } from '../test-media.ts';

const CACHE = join(tmpdir(), 'homesec-test-camera');

/**
 * Path of what ffmpeg makes with these arguments, to which the output file is added. It is made once per machine.
 * @param source content on which the result depends besides the arguments.
 */
export async function preparedMedia(args: readonly string[], source: Uint8Array | undefined): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(args));
  if (source !== undefined) hash.update(source);
  const path = join(CACHE, hash.digest('hex'));
  if (existsSync(path)) return path;
  await mkdir(CACHE, { recursive: true });
  // Test processes may prepare the same file at once: each makes its own, and the last one stays.
  const draft = `${path}.${process.pid}.${Math.random()}`;
  try {
    await makeMedia([...args, draft]);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  return path;
}
