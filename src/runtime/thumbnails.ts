import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { ClipState } from '../domain/clip-state.ts';
import { snapshot } from '../media/snapshot.ts';
import type { App } from './app.ts';
import { loadStorage } from './compose.ts';

/** Small pictures of clips, from the local bytes or, where these are gone, from a copy that lives as long as the call. */
export interface Thumbnails extends AsyncDisposable {
  /** The frame of the best detection, or of the middle, as JPEG. Undefined when there is no way to one. */
  take(state: ClipState): Promise<Buffer | undefined>;
}

const WIDTH = 320;
const QUALITY = 70;

export async function openThumbnails(app: App, name: string): Promise<Thumbnails> {
  await mkdir(app.folders.temp, { recursive: true });
  const folder = await mkdtemp(join(app.folders.temp, `thumbnails-${name}-`));
  const storage = loadStorage(app);

  async function pictureOf(path: string, state: ClipState): Promise<Buffer | undefined> {
    const atMs = state.filterResult?.detections[0]?.atMs ?? state.durationMs / 2;
    const taken = await snapshot({ path, atMs, maxSize: WIDTH, quality: QUALITY, signal: app.signal });
    return taken.ok ? taken.value : undefined;
  }

  return {
    take: async (state) => {
      const local = await stat(state.localPath).catch(() => undefined);
      if (local?.size === state.sizeBytes) return pictureOf(state.localPath, state);
      const copy = join(folder, `${state.clipId}${extname(state.storageKey)}`);
      const fetched = await storage.get(state.storageKey, copy, { signal: app.signal, onProgress: () => undefined });
      if (!fetched.ok) return undefined;
      const jpeg = await pictureOf(copy, state);
      await rm(copy, { force: true });
      return jpeg;
    },
    [Symbol.asyncDispose]: async () => {
      await storage.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
