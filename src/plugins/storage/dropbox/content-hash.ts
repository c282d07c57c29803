import { createHash } from 'node:crypto';

export const BLOCK_BYTES = 4 << 20;

/**
 * Dropbox's `content_hash`, 64 lower-case hex digits: the SHA-256 of the SHA-256s of all blocks of 4 MiB.
 * Source: https://www.dropbox.com/developers/reference/content-hash
 */
export function contentHashOf(blocks: readonly Uint8Array[]): string {
  return createHash('sha256').update(Buffer.concat(blocks)).digest('hex');
}

/** The same of bytes of which only the SHA-256 is known, where that is enough: they fill no more than one block. */
export function contentHashOfFew({ sizeBytes, sha256 }: { sizeBytes: number; sha256: string }): string | undefined {
  if (sizeBytes > BLOCK_BYTES) return undefined;
  return contentHashOf(sizeBytes === 0 ? [] : [Buffer.from(sha256, 'hex')]);
}
