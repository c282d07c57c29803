import { createHash, type Hash } from 'node:crypto';

/** SHA-256 of each block of a stream of bytes; the last one may be shorter. */
export class BlockHashes {
  readonly #blockBytes: number;
  readonly #ended: Buffer[] = [];
  #hash: Hash | undefined;
  #filledBytes = 0;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + this.#blockBytes - this.#filledBytes);
      this.#hash ??= createHash('sha256');
      this.#hash.update(piece);
      this.#filledBytes += piece.length;
      at += piece.length;
      if (this.#filledBytes === this.#blockBytes) this.#endBlock();
    }
  }

  /** One for each block, none for no bytes. Nothing may be added afterwards. */
  digests(): readonly Buffer[] {
    this.#endBlock();
    return this.#ended;
  }

  #endBlock(): void {
    if (this.#hash !== undefined) this.#ended.push(this.#hash.digest());
    this.#hash = undefined;
    this.#filledBytes = 0;
  }
}
