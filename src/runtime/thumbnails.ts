import { rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { ClipState } from '../domain/clip-state.ts';
import type { Detection } from '../domain/detection.ts';
import { drawDetection } from '../media/detection-picture.ts';
import { snapshot } from '../media/snapshot.ts';
import type { App } from './app.ts';
import { loadStorage } from './compose.ts';
import { openCopiesFolder } from './copies-folder.ts';

/** Small pictures of clips, from the local bytes or, where these are gone, from a copy that lives as long as the call. */
export interface Thumbnails extends AsyncDisposable {
  /** The frame of a detection with its box, or else of the middle, as JPEG. Undefined when there is no way to one. */
  take(state: ClipState, detection?: Detection): Promise<Buffer | undefined>;
}

const WIDTH = 320;
const QUALITY = 70;

export async function openThumbnails(app: App): Promise<Thumbnails> {
  const copies = await openCopiesFolder(app);
  const storage = await loadStorage(app);
  let isStorageAway = false;

  async function pictureOf(path: string, state: ClipState, detection?: Detection): Promise<Buffer | undefined> {
    const look = { path, maxSize: WIDTH, quality: QUALITY, signal: app.signal };
    const taken =
      detection === undefined
        ? await snapshot({ ...look, atMs: state.durationMs / 2 })
        : await drawDetection({ ...look, detection });
    return taken.ok ? taken.value : undefined;
  }

  return {
    take: async (state, detection) => {
      const local = await stat(state.localPath).catch(() => undefined);
      if (local?.size === state.sizeBytes) return pictureOf(state.localPath, state, detection);
      // Hundreds of clips would each wait for it.
      if (isStorageAway) return undefined;
      const copy = join(copies.dir, `${state.clipId}${extname(state.storageKey)}`);
      try {
        const fetched = await storage.get(state.storageKey, copy, { signal: app.signal, onProgress: () => undefined });
        isStorageAway = !fetched.ok && fetched.error.code === 'STORAGE_UNREACHABLE';
        return fetched.ok ? await pictureOf(copy, state, detection) : undefined;
      } finally {
        await rm(copy, { force: true });
      }
    },
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await copies[Symbol.asyncDispose]();
    },
  };
}
