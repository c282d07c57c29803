import { createHash } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type ClipId, cameraSlug } from '../domain/ids.ts';
import type { Instant } from '../domain/instant.ts';
import { isSameState, type SeenFile } from './list-folder.ts';

const clipSchema = z.object({ clipId: z.custom<ClipId>(), recordedStartAt: z.string(), durationMs: z.number() });
/** The clip that a file became. */
export type TakenClip = z.output<typeof clipSchema>;

const entrySchema = z.object({
  sizeBytes: z.number(),
  mtimeMs: z.number(),
  sha256: z.string(),
  /** Since when it is not there any more. */
  goneSince: z.string().optional(),
  clip: clipSchema.optional(),
});
const manifestSchema = z.object({ version: z.literal(1), files: z.record(z.string(), entrySchema) });
type Entry = z.output<typeof entrySchema>;

/** A vanished file is remembered this long, so that a share that was away, or a file moved to another name, is known again. */
const REMEMBER_GONE_MS = 24 * 3_600_000;

/**
 * The files that have been taken. It only saves work: lost, or cut off by a kill before it was written, the files are offered
 * to the spool again, which knows their clips.
 */
export interface Manifest {
  /** The very file, unchanged, by name, size and time. */
  has(file: SeenFile): boolean;
  /**
   * The name under which this file was taken before: its own when only its time changed; one that is gone when it was moved,
   * which keeps its time. The same bytes written anew under another name are another file.
   */
  findMoved(file: SeenFile, sha256: string): string | undefined;
  /** The clip that a file of this name and content became, also when it is gone since. */
  clipOf(name: string, sha256: string): TakenClip | undefined;
  /** All clips that are remembered, each with the name of its file. */
  clips(): { readonly name: string; readonly clip: TakenClip }[];
  add(file: SeenFile, sha256: string, clip?: TakenClip): void;
  remove(name: string): void;
  /** Notes which files are gone, and forgets those gone for long. */
  reconcile(files: readonly SeenFile[], now: Instant): void;
  /** Writes what changed, atomically. */
  save(): Promise<void>;
  readonly size: number;
}

/** @returns an empty one, and the reason, when the file cannot be read or understood. */
export async function openManifest(path: string): Promise<{ readonly manifest: Manifest; readonly damage?: string }> {
  try {
    const text = await readText(path);
    if (text === undefined) return { manifest: createManifest(path, new Map()) };
    const { files } = manifestSchema.parse(JSON.parse(text));
    return { manifest: createManifest(path, new Map(Object.entries(files))) };
  } catch (cause) {
    return { manifest: createManifest(path, new Map()), damage: cause instanceof Error ? cause.message : String(cause) };
  }
}

export interface ManifestPlace {
  readonly stateDir: string;
  readonly backend: string;
  readonly cameraName: string;
  readonly watchDir: string;
}

export function manifestPath({ stateDir, backend, cameraName, watchDir }: ManifestPlace): string {
  const hash = createHash('sha256').update(`${cameraName}\0${watchDir}`).digest('hex').slice(0, 12);
  return join(stateDir, `${backend.replaceAll('_', '-')}-${cameraSlug(cameraName)}-${hash}.json`);
}

function createManifest(path: string, entries: Map<string, Entry>): Manifest {
  let isChanged = false;
  return {
    has(file) {
      const entry = entries.get(file.name);
      return entry !== undefined && isSameState(entry, file);
    },
    findMoved(file, sha256) {
      const same = entries.get(file.name);
      if (same?.sha256 === sha256) return file.name;
      return [...entries].find(
        ([, entry]) => entry.goneSince !== undefined && isSameState(entry, file) && entry.sha256 === sha256,
      )?.[0];
    },
    clipOf(name, sha256) {
      const entry = entries.get(name);
      return entry?.sha256 === sha256 ? entry.clip : undefined;
    },
    clips: () => [...entries].flatMap(([name, { clip }]) => (clip === undefined ? [] : [{ name, clip }])),
    add({ name, sizeBytes, mtimeMs }, sha256, clip) {
      entries.set(name, { sizeBytes, mtimeMs, sha256, ...(clip === undefined ? {} : { clip }) });
      isChanged = true;
    },
    remove(name) {
      isChanged = entries.delete(name) || isChanged;
    },
    reconcile(files, now) {
      const present = new Set(files.map(({ name }) => name));
      for (const [name, entry] of entries) {
        const next = nextEntry(entry, present.has(name), now);
        if (next === entry) continue;
        isChanged = true;
        if (next === undefined) entries.delete(name);
        else entries.set(name, next);
      }
    },
    async save() {
      if (!isChanged) return;
      isChanged = false;
      try {
        await writeAtomically(path, JSON.stringify({ version: 1, files: Object.fromEntries(entries) }));
      } catch (cause) {
        isChanged = true;
        throw cause;
      }
    },
    get size() {
      return entries.size;
    },
  };
}

function nextEntry(entry: Entry, isPresent: boolean, now: Instant): Entry | undefined {
  if (isPresent) {
    if (entry.goneSince === undefined) return entry;
    const { goneSince: _since, ...back } = entry;
    return back;
  }
  if (entry.goneSince === undefined) return { ...entry, goneSince: now };
  return Date.parse(now) - Date.parse(entry.goneSince) > REMEMBER_GONE_MS ? undefined : entry;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}

async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  {
    await using file = await open(temporary, 'w');
    await file.writeFile(text);
    await file.sync();
  }
  await rename(temporary, path);
}
