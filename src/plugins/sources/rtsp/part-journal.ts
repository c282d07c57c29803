import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Part } from './recorder.ts';

/** A part that is not sealed yet. Without `lastSeq` it is, or was when its process was killed, still being recorded. */
export interface NotedPart extends Part {
  readonly lastSeq?: number;
}

const journalSchema = z.array(
  z.object({
    eventId: z.string().min(1),
    ingestId: z.string().min(1),
    firstSeq: z.int().nonnegative(),
    startMs: z.number(),
    lastSeq: z.int().exactOptional(),
  }),
);

/** Which fragments on disk are to become clips: what a start after a kill goes by. */
export interface PartJournal {
  list(): readonly NotedPart[];
  /** Notes a part, or what has changed of it. Resolves when that is on disk. */
  note(part: NotedPart): Promise<void>;
  /** The part is sealed. */
  remove(part: Part): Promise<void>;
}

export const isSamePart = (a: Part, b: Part): boolean => a.ingestId === b.ingestId && a.firstSeq === b.firstSeq;

export async function openPartJournal(folder: string): Promise<PartJournal> {
  const path = join(folder, 'parts.json');
  let parts = await readParts(path);
  let writing: Promise<void> = Promise.resolve();
  const save = (): Promise<void> => {
    writing = writing.catch(() => undefined).then(() => writeDurably(path, `${JSON.stringify(parts)}\n`));
    return writing;
  };
  return {
    list: () => parts,
    note(part) {
      const known = parts.findIndex((other) => isSamePart(other, part));
      parts = known === -1 ? [...parts, part] : parts.with(known, part);
      return save();
    },
    remove(part) {
      parts = parts.filter((other) => !isSamePart(other, part));
      return save();
    },
  };
}

/** A journal that cannot be read is as good as none: its fragments are kept as far as they are still wanted. */
async function readParts(path: string): Promise<readonly NotedPart[]> {
  try {
    return journalSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return [];
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
