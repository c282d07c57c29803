import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clip } from '../domain/clip.ts';
import type { Logger } from '../plugins/spec/plugin.ts';
import { type DurableFiles, systemCodeOf } from './durable-files.ts';
import type { FinishedLedger } from './finished-ledger.ts';
import { heldClips } from './held-clips.ts';
import { markerName, type SpoolLayout } from './layout.ts';
import { parseOpenMarker } from './marker.ts';
import { clipIdsIn, type MarkerStore, readIfThere } from './marker-store.ts';
import { type MoveDeps, moveToReleased } from './release.ts';
import { exists, isKnown, publish } from './seal.ts';
import { removeOrphanedSnapshots } from './snapshots.ts';

export interface RecoverDeps {
  readonly layout: SpoolLayout;
  readonly files: DurableFiles;
  readonly markers: MarkerStore;
  readonly ledger: FinishedLedger;
  readonly logger: Logger;
}

/** Finishes what a killed recorder had begun to seal. Only the recorder may call it, before it seals anything. */
export async function recoverSealing(deps: RecoverDeps): Promise<void> {
  const { layout, files, logger } = deps;
  for (const clipId of await clipIdsIn(layout.sealing)) {
    const draft = join(layout.sealing, markerName(clipId));
    const parsed = parseOpenMarker((await readIfThere(draft)) ?? '');
    if (parsed.ok && !(await isKnown(deps, clipId)) && (await finish(deps, parsed.value, draft))) {
      logger.info({ clip_id: clipId, camera_name: parsed.value.cameraName }, 'finished sealing a clip that was interrupted');
    } else {
      await files.remove(draft);
    }
  }
  for (const name of await readdir(layout.sealing)) await files.remove(join(layout.sealing, name));
  await setAsideOrphans(deps);
}

async function finish({ layout, files }: RecoverDeps, clip: Clip, draft: string): Promise<boolean> {
  const part = join(layout.sealing, `${clip.clipId}.part`);
  const bytes = (await exists(part)) ? part : clip.path;
  if ((await sizeIfThere(bytes)) !== clip.sizeBytes) return false;
  await publish({ layout, files }, clip, { part: bytes === part ? part : undefined, draft });
  return true;
}

/**
 * Bytes without any marker, which only a power cut on a disk that reorders writes can leave. They may be the last copy, so
 * they are kept, where a person finds them.
 */
async function setAsideOrphans({ layout, files, markers, logger }: RecoverDeps): Promise<void> {
  const names = await readdir(layout.media);
  const held = await heldClips(layout, markers);
  for (const name of names) {
    if (held.has(name.replace(/\.[a-z0-9]+$/, ''))) continue;
    try {
      await files.rename(join(layout.media, name), join(layout.broken, name));
      logger.warn({ path: join(layout.broken, name) }, 'found video without a marker in the spool and set it aside');
    } catch (cause) {
      if (systemCodeOf(cause) !== 'ENOENT') throw cause;
    }
  }
}

/** Finishes what a killed hand-over had begun. Only the hand-over may call it. */
export async function recoverMoves(deps: MoveDeps): Promise<void> {
  const { markers, ledger } = deps;
  const open = new Set(await markers.ids('open'));
  for (const clipId of await markers.ids('refused')) {
    // Killed while it was set aside or taken back: open wins, being refused again costs nothing.
    if (open.has(clipId)) await markers.remove('refused', clipId);
  }
  for (const clipId of open) {
    const finished = await ledger.find(clipId);
    if (finished !== undefined) await moveToReleased(deps, clipId, finished.uploaded);
  }
  await removeOrphanedSnapshots(deps, markers);
}

async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
}
