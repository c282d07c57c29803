import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClipId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { SealFailure, SnapshotOutcome } from '../plugins/spec/source.ts';
import { type DurableFiles, systemCodeOf } from './durable-files.ts';
import { heldClips } from './held-clips.ts';
import { type SpoolLayout, snapshotPath } from './layout.ts';
import type { MarkerStore } from './marker-store.ts';
import type { OneAtATime } from './one-at-a-time.ts';
import { exists, failureOf, hasMarker } from './seal.ts';

export interface SnapshotDeps {
  readonly layout: SpoolLayout;
  readonly files: DurableFiles;
  readonly turns: OneAtATime;
  /** Cleared at the next start. */
  readonly movingDir: string;
}

type AttachSnapshot = (clipId: ClipId, jpegPath: string) => Promise<Result<SnapshotOutcome, SealFailure>>;

/** Moves pictures beside the bytes of their clips. One rename decides; killed before it, the source still has the picture. */
export function createSnapshotAttacher(deps: SnapshotDeps): AttachSnapshot {
  const { layout, turns } = deps;
  return (clipId, jpegPath) =>
    turns.run(clipId, async () => {
      try {
        if (!(await hasMarker(layout, clipId))) return ok('no_clip');
        if (await exists(snapshotPath(layout, clipId))) return ok('has_one');
        await moveIn(deps, clipId, jpegPath);
        return ok('attached');
      } catch (cause) {
        return err(failureOf(cause, jpegPath));
      }
    });
}

async function moveIn({ layout, files, movingDir }: SnapshotDeps, clipId: ClipId, jpegPath: string): Promise<void> {
  await files.settle(jpegPath);
  const target = snapshotPath(layout, clipId);
  try {
    await files.rename(jpegPath, target);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'EXDEV') throw cause;
    const copy = join(movingDir, `${clipId}.jpg`);
    await files.remove(copy);
    await files.copy(jpegPath, copy);
    await files.rename(copy, target);
    await files.remove(jpegPath);
  }
  await files.syncFolder(layout.snapshots);
}

/**
 * Removes pictures whose clips the spool no longer holds: pruned at the moment of attaching, or used in place.
 */
export async function removeOrphanedSnapshots(
  { layout, files }: Pick<SnapshotDeps, 'layout' | 'files'>,
  markers: MarkerStore,
): Promise<void> {
  const names = await readdir(layout.snapshots);
  const held = await heldClips(layout, markers);
  for (const name of names) if (!held.has(name.replace(/\.jpg$/, ''))) await files.remove(join(layout.snapshots, name));
}
