import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';

/** A file as a look at the folder found it. */
export interface SeenFile {
  readonly path: string;
  /** From the watched folder, with `/`: stays the same when the folder is mounted elsewhere. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Whole milliseconds; network shares often know seconds only. */
  readonly mtimeMs: number;
}

export interface Listing {
  readonly files: readonly SeenFile[];
  /** The watched folder and, when recursive, all below it. */
  readonly folders: readonly string[];
}

export interface ListOptions {
  readonly watchDir: string;
  readonly extensions: ReadonlySet<string>;
  readonly recursive: boolean;
}

/** Where NAS systems and file managers keep what was deleted, and their thumbnails. */
const NOT_FOOTAGE = new Set(['@eaDir', '#recycle', '#snapshot', '$RECYCLE.BIN', 'System Volume Information', 'lost+found']);

/**
 * Looks at the folder. Names that begin with a dot are skipped: transfer programs write under such names. Links to files are
 * followed, links to folders are not. Rejects when the watched folder itself cannot be read; anything below that vanishes or
 * is forbidden is left out.
 */
export async function listFolder(options: ListOptions): Promise<Listing> {
  const files: SeenFile[] = [];
  const folders: string[] = [];
  const queue = [options.watchDir];
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
    const entries = await entriesOf(folder, options.watchDir);
    folders.push(folder);
    for (const entry of entries) {
      if (entry.name.startsWith('.') || NOT_FOOTAGE.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (options.recursive) queue.push(path);
        continue;
      }
      const seen = mayBeFootage(path, options) ? await lookAt(path, options.watchDir) : undefined;
      if (seen !== undefined) files.push(seen);
    }
  }
  return { files, folders };
}

export const mayBeFootage = (path: string, { extensions }: Pick<ListOptions, 'extensions'>): boolean =>
  !basename(path).startsWith('.') && extensions.has(extname(path).toLowerCase());

export const nameOf = (path: string, watchDir: string): string => relative(watchDir, path).replaceAll('\\', '/');

async function entriesOf(folder: string, watchDir: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    if (folder === watchDir) throw cause;
    return [];
  }
}

/** undefined when it is no file, or gone. */
export async function lookAt(path: string, watchDir: string): Promise<SeenFile | undefined> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) return undefined;
    return { path, name: nameOf(path, watchDir), sizeBytes: facts.size, mtimeMs: Math.floor(facts.mtimeMs) };
  } catch {
    return undefined;
  }
}

export const isSameState = (a: Pick<SeenFile, 'sizeBytes' | 'mtimeMs'>, b: Pick<SeenFile, 'sizeBytes' | 'mtimeMs'>): boolean =>
  a.sizeBytes === b.sizeBytes && a.mtimeMs === b.mtimeMs;
