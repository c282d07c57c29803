import { type FileHandle, open } from 'node:fs/promises';

/** A box of MP4 (ISO/IEC 14496-12, 4.2) or a chunk of RIFF: what it is, and how long with its header. */
interface Chunk {
  readonly type: string;
  readonly sizeBytes: number;
}

const HEADER_BYTES = 16;
/** Those that hold the media or lead to it. What cameras append behind the last one is nobody's business. */
const OF_MEDIA = new Set(['mdat', 'moof', 'moov', 'RIFF']);

/**
 * Whether an MP4, QuickTime or AVI file ends before its last chunk does. Demuxers pass over that in silence where the rest can be
 * played, as in fragmented MP4. False for a file that is gone.
 */
export async function endsInsideAChunk(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    return await isLastChunkShort(file);
  } catch {
    return false;
  }
}

async function isLastChunkShort(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  const readChunk = chunkReaderOf(await readHeader(file, 0));
  if (readChunk === undefined) return false;
  for (let at = 0; at + HEADER_BYTES <= size; ) {
    const { type, sizeBytes } = readChunk(await readHeader(file, at));
    if (sizeBytes < 8) return false;
    at += sizeBytes;
    if (at > size) return OF_MEDIA.has(type);
  }
  return false;
}

function chunkReaderOf(header: Buffer): ((header: Buffer) => Chunk) | undefined {
  if (header.toString('latin1', 4, 8) === 'ftyp') return readBox;
  return header.toString('latin1', 0, 4) === 'RIFF' ? readRiff : undefined;
}

/** A size of 0 means to the end of the file, and 1 that it stands in the next 64 bits. */
function readBox(header: Buffer): Chunk {
  const short = header.readUInt32BE(0);
  return { type: header.toString('latin1', 4, 8), sizeBytes: short === 1 ? Number(header.readBigUInt64BE(8)) : short };
}

const readRiff = (header: Buffer): Chunk => ({
  type: header.toString('latin1', 0, 4),
  sizeBytes: 8 + header.readUInt32LE(4) + (header.readUInt32LE(4) % 2),
});

async function readHeader(file: FileHandle, at: number): Promise<Buffer> {
  const header = Buffer.alloc(HEADER_BYTES);
  await file.read(header, 0, HEADER_BYTES, at);
  return header;
}
