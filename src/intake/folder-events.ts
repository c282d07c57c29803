import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';

/** File events of a changing set of folders. They only ever make looking happen earlier; polling finds the rest. */
export interface FolderEvents {
  /** Watches exactly these from now on. */
  follow(folders: readonly string[]): void;
  close(): void;
}

/** @param onEvent gets the path that something happened to, or the folder's when the system does not say. */
export function createFolderEvents(onEvent: (path: string) => void): FolderEvents {
  const watchers = new Map<string, FSWatcher>();
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const follow = (folder: string): void => {
    try {
      const watcher = watch(folder, (_event, name) => onEvent(name === null ? folder : join(folder, name)));
      // A folder that was removed, or a system that has no more watches to give: the next look tries again.
      watcher.on('error', () => drop(folder));
      watchers.set(folder, watcher);
    } catch {
      drop(folder);
    }
  };
  return {
    follow(folders) {
      const wanted = new Set(folders);
      for (const folder of watchers.keys()) if (!wanted.has(folder)) drop(folder);
      for (const folder of wanted) if (!watchers.has(folder)) follow(folder);
    },
    close() {
      for (const folder of watchers.keys()) drop(folder);
    },
  };
}
