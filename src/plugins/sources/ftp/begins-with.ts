import { open } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 16;

/** Whether a file begins with all the bytes of another. False when one of them is gone. */
export async function beginsWith(path: string, beginning: string): Promise<boolean> {
  try {
    await using whole = await open(path, 'r');
    await using part = await open(beginning, 'r');
    const [wanted, found] = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)];
    for (let at = 0; ; ) {
      const { bytesRead } = await part.read(wanted, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) return true;
      await whole.read(found, 0, bytesRead, at);
      if (!wanted.subarray(0, bytesRead).equals(found.subarray(0, bytesRead))) return false;
      at += bytesRead;
      found.fill(0);
    }
  } catch {
    return false;
  }
}
