import { createHash, type Hash } from 'node:crypto';

const BLOCK_BYTES = 4 << 20;

/**
 * Dropbox's `content_hash`: the SHA-256 of the SHA-256s of all blocks of 4 MiB.
 * Source: https://www.dropbox.com/developers/reference/content-hash
 */
export class ContentHash {
  readonly #whole = createHash('sha256');
  #block: Hash | undefined;
  #blockBytes = 0;

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + BLOCK_BYTES - this.#blockBytes);
      this.#block ??= createHash('sha256');
      this.#block.update(piece);
      this.#blockBytes += piece.length;
      at += piece.length;
      if (this.#blockBytes === BLOCK_BYTES) this.#endBlock();
    }
  }

  /** 64 lower-case hex digits. Nothing may be added afterwards. */
  digest(): string {
    this.#endBlock();
    return this.#whole.digest('hex');
  }

  #endBlock(): void {
    if (this.#block !== undefined) this.#whole.update(this.#block.digest());
    this.#block = undefined;
    this.#blockBytes = 0;
  }
}

/** The hash of bytes of which only the SHA-256 is known, where that is enough: they fill no more than one block. */
export function contentHashOf({ sizeBytes, sha256 }: { sizeBytes: number; sha256: string }): string | undefined {
  if (sizeBytes > BLOCK_BYTES) return undefined;
  const blocks = sizeBytes === 0 ? Buffer.alloc(0) : Buffer.from(sha256, 'hex');
  return createHash('sha256').update(blocks).digest('hex');
}
