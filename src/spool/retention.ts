import { rm, statfs } from 'node:fs/promises';
import type { Clip } from '../domain/clip.ts';
import type { ClipId } from '../domain/ids.ts';
import { snapshotPath } from './layout.ts';
import type { ReleasedClip } from './marker.ts';
import type { OneAtATime } from './one-at-a-time.ts';
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

export interface PruneLimits {
  /** What finished clips with a verified copy may take together. */
  readonly maxLocalBytes: number;
  /** What is to be free on the disk, where removing such clips can bring it about. */
  readonly minFreeBytes: number;
}

export interface Retention {
  /**
   * Removes local bytes of finished clips whose remote copy is verified, oldest first, until both limits are kept. Open and
   * refused clips, clips without a verified copy, and files outside the spool are never touched, however full the disk is.
   */
  prune(limits: PruneLimits): Promise<PruneSummary>;
  /** The clip's marker in `released/` has changed. */
  changed(clipId: ClipId): void;
}

/** Remembers the markers that it has read, so that pruning after every clip costs no more than listing a folder. */
export function createRetention(deps: MoveDeps, turns: OneAtATime): Retention {
  const known = new Map<ClipId, ReleasedClip>();
  return {
    changed: (clipId) => void known.delete(clipId),
    async prune({ maxLocalBytes, minFreeBytes }) {
      const released = await releasedClips(deps, known);
      const notUploaded = released.filter(({ uploaded }) => !uploaded);
      const removable = released.filter(({ uploaded }) => uploaded);
      let keptBytes = bytesOf(removable);
      let [removedCount, removedBytes, failedCount] = [0, 0, 0];
      for (const { clip } of removable) {
        if (keptBytes <= maxLocalBytes && (await freeBytesOf(deps.layout.dir)) >= minFreeBytes) break;
        if (!(await turns.run(clip.clipId, () => removeBytes(deps, clip)))) {
          failedCount += 1;
          continue;
        }
        keptBytes -= clip.sizeBytes;
        removedBytes += clip.sizeBytes;
        removedCount += 1;
      }
      const notUploadedBytes = bytesOf(notUploaded);
      return { keptBytes, removedCount, removedBytes, notUploadedCount: notUploaded.length, notUploadedBytes, failedCount };
    },
  };
}

/** What an ordinary user may still write to the disk of a folder. */
export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Oldest first. */
async function releasedClips(deps: MoveDeps, known: Map<ClipId, ReleasedClip>): Promise<ReleasedClip[]> {
  const clipIds = await deps.markers.ids('released');
  const present = new Set(clipIds);
  for (const clipId of known.keys()) if (!present.has(clipId)) known.delete(clipId);
  for (const clipId of clipIds) {
    const released = known.get(clipId) ?? (await readOrSetAside(deps, 'released', clipId));
    if (released !== undefined) known.set(clipId, released);
  }
  return clipIds.flatMap((clipId) => known.get(clipId) ?? []).filter(({ clip }) => isInSpool(deps.layout, clip));
}

/** The bytes first: a kill in between leaves a marker, which the next round removes. */
async function removeBytes(deps: MoveDeps, { clipId, path }: Clip): Promise<boolean> {
  try {
    // What is remembered may be older than a release that has just taken the verified copy back.
    if ((await readOrSetAside(deps, 'released', clipId))?.uploaded !== true) return false;
    await rm(path, { force: true });
    await rm(snapshotPath(deps.layout, clipId), { force: true });
    await deps.markers.remove('released', clipId);
    return true;
  } catch (cause) {
    deps.logger.warn({ clip_id: clipId, path, err: cause }, 'the local bytes of an uploaded clip could not be removed');
    return false;
  }
}

const bytesOf = (clips: readonly ReleasedClip[]): number => clips.reduce((sum, { clip }) => sum + clip.sizeBytes, 0);
