import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClipId, isClipId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type DurableFiles, systemCodeOf } from './durable-files.ts';
import { markerName, type SpoolLayout } from './layout.ts';
import {
  formatMarker,
  type MarkerFolder,
  type Markers,
  parseOpenMarker,
  parseRefusedMarker,
  parseReleasedMarker,
} from './marker.ts';

const PARSERS: { readonly [Folder in MarkerFolder]: (text: string) => Result<Markers[Folder], string> } = {
  open: parseOpenMarker,
  refused: parseRefusedMarker,
  released: parseReleasedMarker,
};

/** Reads and writes the markers. Each is one file that is there whole or not at all. */
export interface MarkerStore {
  /** Sorted: oldest recording first. */
  ids(folder: MarkerFolder): Promise<ClipId[]>;
  /** undefined when it is not there, an error when it cannot be understood. */
  read<Folder extends MarkerFolder>(folder: Folder, clipId: ClipId): Promise<Result<Markers[Folder] | undefined, string>>;
  put<Folder extends MarkerFolder>(folder: Folder, clipId: ClipId, marker: Markers[Folder]): Promise<void>;
  remove(folder: MarkerFolder, clipId: ClipId): Promise<void>;
  /** Moves a marker out of the way, to `broken/`. */
  setAsideBroken(folder: MarkerFolder, clipId: ClipId): Promise<void>;
}

/** @param movingDir where this role alone writes markers before they are renamed into place. */
export function createMarkerStore(layout: SpoolLayout, files: DurableFiles, movingDir: string): MarkerStore {
  const pathOf = (folder: MarkerFolder, clipId: ClipId): string => join(layout[folder], markerName(clipId));
  return {
    ids: (folder) => clipIdsIn(layout[folder]),
    async read(folder, clipId) {
      const text = await readIfThere(pathOf(folder, clipId));
      if (text === undefined) return ok(undefined);
      const parsed = PARSERS[folder](text);
      return parsed.ok && idOf(parsed.value) !== clipId ? err(`is of another clip, ${idOf(parsed.value)}`) : parsed;
    },
    async put(folder, clipId, marker) {
      const temporary = join(movingDir, `${randomUUID()}.json`);
      try {
        await files.write(temporary, formatMarker(marker));
        await files.rename(temporary, pathOf(folder, clipId));
      } catch (cause) {
        await files.remove(temporary).catch(() => undefined);
        throw cause;
      }
      await files.syncFolder(layout[folder]);
    },
    remove: (folder, clipId) => files.remove(pathOf(folder, clipId)),
    async setAsideBroken(folder, clipId) {
      await files.rename(pathOf(folder, clipId), join(layout.broken, `${folder}-${markerName(clipId)}`));
    },
  };
}

/** Ids named by the `.json` files of a folder, oldest first; other names are none of ours. */
export async function clipIdsIn(folder: string): Promise<ClipId[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .filter(isClipId)
    .toSorted();
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}

const idOf = (marker: Markers[MarkerFolder]): ClipId => ('clip' in marker ? marker.clip.clipId : marker.clipId);
