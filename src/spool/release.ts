import type { Clip } from '../domain/clip.ts';
import type { ClipId } from '../domain/ids.ts';
import type { Clock, Logger } from '../plugins/spec/plugin.ts';
import { extensionOf } from './clip-identity.ts';
import type { DurableFiles } from './durable-files.ts';
import type { FinishedLedger } from './finished-ledger.ts';
import { mediaPath, type SpoolLayout } from './layout.ts';
import type { MarkerFolder, Markers, SetAsideReason } from './marker.ts';
import type { MarkerStore } from './marker-store.ts';

export interface MoveDeps {
  readonly layout: SpoolLayout;
  readonly files: DurableFiles;
  readonly markers: MarkerStore;
  readonly ledger: FinishedLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Records that a clip is finished, for ever, and hands its bytes to retention. The ledger first: from then on it cannot start again. */
export async function releaseClip(deps: MoveDeps, clipId: ClipId, uploaded: boolean): Promise<void> {
  const entry = await deps.ledger.find(clipId);
  if (entry?.uploaded !== uploaded) await deps.ledger.append(clipId, { uploaded });
  await moveToReleased(deps, clipId, uploaded);
}

/** The part of releasing that a kill may have cut off. */
export async function moveToReleased(deps: MoveDeps, clipId: ClipId, uploaded: boolean): Promise<void> {
  const { markers, clock } = deps;
  const released = await readOrSetAside(deps, 'released', clipId);
  const clip =
    (await readOrSetAside(deps, 'open', clipId)) ?? (await readOrSetAside(deps, 'refused', clipId))?.clip ?? released?.clip;
  const isWritten = released?.uploaded === uploaded;
  if (clip !== undefined && !isWritten && isInSpool(deps.layout, clip)) {
    await markers.put('released', clipId, { clip, uploaded, releasedAt: clock.now() });
  }
  await markers.remove('open', clipId);
  await markers.remove('refused', clipId);
}

/** @returns false when the clip is not open. */
export async function setAsideClip(deps: MoveDeps, clipId: ClipId, reason: SetAsideReason): Promise<boolean> {
  const { markers, clock } = deps;
  const clip = await readOrSetAside(deps, 'open', clipId);
  if (clip === undefined || (await deps.ledger.find(clipId)) !== undefined) return false;
  await markers.put('refused', clipId, { clip, reason, refusedAt: clock.now() });
  await markers.remove('open', clipId);
  return true;
}

/** @returns false when the clip was not set aside, or is finished. */
export async function readmitClip(deps: MoveDeps, clipId: ClipId): Promise<boolean> {
  const refused = await readOrSetAside(deps, 'refused', clipId);
  if (refused === undefined || (await deps.ledger.find(clipId)) !== undefined) return false;
  await deps.markers.put('open', clipId, refused.clip);
  await deps.markers.remove('refused', clipId);
  return true;
}

/** A marker that cannot be understood goes to `broken/`, is reported, and counts as absent. */
export async function readOrSetAside<Folder extends MarkerFolder>(
  { markers, logger }: Pick<MoveDeps, 'markers' | 'logger'>,
  folder: Folder,
  clipId: ClipId,
): Promise<Markers[Folder] | undefined> {
  const read = await markers.read(folder, clipId);
  if (read.ok) return read.value;
  await markers.setAsideBroken(folder, clipId);
  logger.error({ clip_id: clipId, folder, reason: read.error }, 'a marker in the spool is broken and was set aside');
  return undefined;
}

/** Whether the bytes are the spool's own. What lies anywhere else belongs to the owner and is never removed. */
export const isInSpool = (layout: SpoolLayout, { clipId, path }: Clip): boolean =>
  path === mediaPath(layout, clipId, extensionOf(path));
