import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClipAlert } from '../src/domain/alert.ts';
import { unlessAborted } from '../src/kit/unless-aborted.ts';
import type { Notifier, OutgoingClipAlert } from '../src/plugins/spec/notifier.ts';
import type { Storage, StorageCall } from '../src/plugins/spec/storage.ts';

export interface AdornDeps {
  readonly storage: Pick<Storage, 'viewUrl' | 'get'>;
  /** Takes the copies of this process while they are needed. Exists. */
  readonly copiesDir: string;
}

/** Puts link and picture to an alert, as far as they can be had in a moment. It goes out in any case. */
export type Adorn = (alert: ClipAlert, notifier: Notifier, cancelled: AbortSignal) => Promise<OutgoingClipAlert>;

/** Longest that a delivery waits for what only adorns it. */
const ADORN_WITHIN_MS = 5_000;
/** Pictures kept for the other channels and for updates that follow. */
const PICTURES_KEPT = 8;

export function createAdorn(deps: AdornDeps): Adorn {
  const pictures = new Map<string, Promise<Uint8Array | undefined>>();

  async function pictureOf(snapshotKey: string | undefined, call: StorageCall): Promise<Uint8Array | undefined> {
    if (snapshotKey === undefined) return undefined;
    const known = pictures.get(snapshotKey);
    if (known !== undefined) return known;
    const fetching = fetchBytes(deps, snapshotKey, call).catch(() => undefined);
    pictures.set(snapshotKey, fetching);
    for (const oldest of pictures.keys()) if (pictures.size > PICTURES_KEPT) pictures.delete(oldest);
    // The next delivery may get what this one did not.
    if ((await fetching) === undefined) pictures.delete(snapshotKey);
    return fetching;
  }

  return async (alert, { showsPictures = true }, cancelled) => {
    const signal = AbortSignal.any([cancelled, AbortSignal.timeout(ADORN_WITHIN_MS)]);
    const call = { signal, onProgress: () => undefined };
    const inTime = <T>(work: Promise<T>) => unlessAborted(work, signal).catch(() => undefined);
    const [viewUrl, snapshot] = await Promise.all([
      inTime(linkOf(deps, alert, call)),
      inTime(pictureOf(showsPictures ? alert.snapshotKey : undefined, call)),
    ]);
    return { ...alert, ...(viewUrl === undefined ? {} : { viewUrl }), ...(snapshot === undefined ? {} : { snapshot }) };
  };
}

/** Links are secrets that expire: made here, at the last moment, they stand in no history. */
async function linkOf({ storage }: AdornDeps, { storageKey }: ClipAlert, call: StorageCall): Promise<string | undefined> {
  if (storageKey === undefined) return undefined;
  const linked = await storage.viewUrl?.(storageKey, call);
  return linked?.ok === true ? linked.value : undefined;
}

async function fetchBytes({ storage, copiesDir }: AdornDeps, key: string, call: StorageCall): Promise<Uint8Array | undefined> {
  const folder = await mkdtemp(join(copiesDir, 'picture-'));
  try {
    const path = join(folder, 'picture.jpg');
    const fetched = await storage.get(key, path, call);
    return fetched.ok ? await readFile(path) : undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
