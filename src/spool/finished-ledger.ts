import { open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClipId, isClipId } from '../domain/ids.ts';
import { type DurableFiles, systemCodeOf } from './durable-files.ts';
import { createOneAtATime } from './one-at-a-time.ts';

export interface FinishedEntry {
  readonly uploaded: boolean;
}

/**
 * The ids of all finished clips, for ever: what Temporal forgets after its retention, this remembers. One text file for each
 * month of recording, one line `<clipId> uploaded|kept` for each clip; the last line of a clip counts. One process appends,
 * any number read.
 */
export interface FinishedLedger {
  find(clipId: ClipId): Promise<FinishedEntry | undefined>;
  /** On disk when it resolves. */
  append(clipId: ClipId, entry: FinishedEntry): Promise<void>;
}

interface Month {
  /** How far the file has been read; always just behind a line end. */
  offsetBytes: number;
  readonly entries: Map<ClipId, FinishedEntry>;
}

/** Months kept in memory. Clips come from this month, and from the last while a backlog drains. */
const MONTHS_IN_MEMORY = 4;

export function createFinishedLedger(folder: string, files: DurableFiles): FinishedLedger {
  const months = new Map<string, Month>();
  const readyToAppend = new Set<string>();
  const turns = createOneAtATime();

  const find = async (clipId: ClipId): Promise<FinishedEntry | undefined> => {
    const name = monthOf(clipId);
    return turns.run(name, async () => (await upToDate(months, folder, name)).entries.get(clipId));
  };

  const append = async (clipId: ClipId, entry: FinishedEntry): Promise<void> => {
    const name = monthOf(clipId);
    await turns.run(name, async () => {
      const path = join(folder, name);
      if (!readyToAppend.has(name)) await cutTornLine(path);
      // A failed append may leave half a line: the next one has to look again.
      readyToAppend.delete(name);
      await files.append(path, `${clipId} ${entry.uploaded ? 'uploaded' : 'kept'}\n`);
      await files.syncFolder(folder);
      readyToAppend.add(name);
    });
  };

  return { find, append };
}

/** `2026-11.log` */
const monthOf = (clipId: ClipId): string => `${clipId.slice(0, 4)}-${clipId.slice(4, 6)}.log`;

async function upToDate(months: Map<string, Month>, folder: string, name: string): Promise<Month> {
  const path = join(folder, name);
  const sizeBytes = await sizeOf(path);
  let month = months.get(name);
  if (month === undefined || sizeBytes < month.offsetBytes) month = { offsetBytes: 0, entries: new Map() };
  months.delete(name);
  months.set(name, month);
  for (const oldest of months.keys()) if (months.size > MONTHS_IN_MEMORY) months.delete(oldest);
  if (sizeBytes > month.offsetBytes) await readOn(path, month, sizeBytes);
  return month;
}

async function readOn(path: string, month: Month, sizeBytes: number): Promise<void> {
  const fresh = await readRange(path, month.offsetBytes, sizeBytes);
  // What follows the last line end is being written, or was when a process died.
  const complete = fresh.subarray(0, fresh.lastIndexOf(0x0a) + 1);
  for (const line of complete.toString('utf8').split('\n')) {
    const [clipId = '', word] = line.split(' ');
    if (isClipId(clipId)) month.entries.set(clipId, { uploaded: word === 'uploaded' });
  }
  month.offsetBytes += complete.length;
}

/** A line without its end was never acknowledged: its clip is still open. */
async function cutTornLine(path: string): Promise<void> {
  const sizeBytes = await sizeOf(path);
  if (sizeBytes === 0) return;
  const tailStart = Math.max(0, sizeBytes - 4096);
  const tail = await readRange(path, tailStart, sizeBytes);
  const keptBytes = tailStart + tail.lastIndexOf(0x0a) + 1;
  if (keptBytes < sizeBytes) await truncate(path, keptBytes);
}

async function readRange(path: string, start: number, end: number): Promise<Buffer> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(end - start), position: start });
  return buffer.subarray(0, bytesRead);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return 0;
    throw cause;
  }
}
