import { rm } from 'node:fs/promises';
import type { Clip } from '../domain/clip.ts';
import { isInSpool, type MoveDeps, readOrSetAside } from './release.ts';

export interface PruneSummary {
  /** Bytes of finished clips with a verified copy that stay. */
  readonly keptBytes: number;
  readonly removedCount: number;
  readonly removedBytes: number;
  /** Finished clips without a verified copy: never removed, and the owner should know. */
  readonly notUploadedCount: number;
  readonly notUploadedBytes: number;
  readonly failedCount: number;
}

/**
 * Removes local bytes of finished clips whose remote copy is verified, oldest first, until what is left of those fits. Open and
 * refused clips, clips without a verified copy, and files outside the spool are never touched.
 */
export async function pruneSpool(deps: MoveDeps, maxLocalBytes: number): Promise<PruneSummary> {
  const released = await releasedClips(deps);
  const notUploaded = released.filter(({ uploaded }) => !uploaded);
  const removable = released.filter(({ uploaded }) => uploaded);
  let keptBytes = bytesOf(removable);
  let [removedCount, removedBytes, failedCount] = [0, 0, 0];
  for (const { clip } of removable) {
    if (keptBytes <= maxLocalBytes) break;
    if (!(await removeBytes(deps, clip))) {
      failedCount += 1;
      continue;
    }
    keptBytes -= clip.sizeBytes;
    removedBytes += clip.sizeBytes;
    removedCount += 1;
  }
  const notUploadedBytes = bytesOf(notUploaded);
  return { keptBytes, removedCount, removedBytes, notUploadedCount: notUploaded.length, notUploadedBytes, failedCount };
}

interface Releasable {
  readonly clip: Clip;
  readonly uploaded: boolean;
}

/** Oldest first. */
async function releasedClips(deps: MoveDeps): Promise<Releasable[]> {
  const clips: Releasable[] = [];
  for (const clipId of await deps.markers.ids('released')) {
    const released = await readOrSetAside(deps, 'released', clipId);
    if (released !== undefined && isInSpool(deps.layout, released.clip)) clips.push(released);
  }
  return clips;
}

/** The bytes first: a kill in between leaves a marker, which the next round removes. */
async function removeBytes({ markers, logger }: MoveDeps, { clipId, path }: Clip): Promise<boolean> {
  try {
    await rm(path, { force: true });
    await markers.remove('released', clipId);
    return true;
  } catch (cause) {
    logger.warn({ clip_id: clipId, path, err: cause }, 'the local bytes of an uploaded clip could not be removed');
    return false;
  }
}

const bytesOf = (clips: readonly Releasable[]): number => clips.reduce((sum, { clip }) => sum + clip.sizeBytes, 0);
