import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The fragments of a camera on disk: `<folder>/<ingestId>/<seq>.ts`. */
export interface FragmentFiles {
  /** The folder of an ingest; made by `begin`. */
  dirOf(ingestId: string): string;
  begin(ingestId: string): Promise<void>;
  pathOf(ingestId: string, seq: number): string;
  /** Sequence numbers that are there and hold something, in order. */
  list(ingestId: string): Promise<number[]>;
  /** Bytes of one fragment; undefined when it is not there. */
  sizeOf(ingestId: string, seq: number): Promise<number | undefined>;
  remove(ingestId: string, seqs: readonly number[]): Promise<void>;
  /** Ingests that have a folder, oldest first. */
  ingests(): Promise<string[]>;
  /** Removes an ingest's folder with all that is in it. */
  end(ingestId: string): Promise<void>;
  /** Removes it if nothing is in it. */
  tidy(ingestId: string): Promise<void>;
}

export function createFragmentFiles(folder: string): FragmentFiles {
  const dirOf = (ingestId: string): string => join(folder, ingestId);
  const pathOf = (ingestId: string, seq: number): string => join(dirOf(ingestId), `${String(seq).padStart(8, '0')}.ts`);
  const sizeOf = (ingestId: string, seq: number): Promise<number | undefined> =>
    stat(pathOf(ingestId, seq)).then(
      ({ size }) => size,
      () => undefined,
    );
  return {
    dirOf,
    pathOf,
    sizeOf,
    begin: async (ingestId) => void (await mkdir(dirOf(ingestId), { recursive: true, mode: 0o700 })),
    async list(ingestId) {
      const names = await readdir(dirOf(ingestId)).catch((): string[] => []);
      const seqs = names.filter((name) => /^\d{8}\.ts$/.test(name)).map((name) => Number(name.slice(0, 8)));
      const sizes = await Promise.all(seqs.map((seq) => sizeOf(ingestId, seq)));
      return seqs.filter((_seq, index) => (sizes[index] ?? 0) > 0).toSorted((a, b) => a - b);
    },
    remove: async (ingestId, seqs) => void (await Promise.all(seqs.map((seq) => rm(pathOf(ingestId, seq), { force: true })))),
    async ingests() {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      return entries
        .filter((entry) => entry.isDirectory() && /^\d+$/.test(entry.name))
        .map(({ name }) => name)
        .toSorted();
    },
    end: (ingestId) => rm(dirOf(ingestId), { recursive: true, force: true }),
    tidy: (ingestId) => rmdir(dirOf(ingestId)).catch(() => undefined),
  };
}

/** Sorts by time and is not used twice, also across restarts. */
export const newIngestId = (atMs: number): string => String(atMs).padStart(15, '0');
