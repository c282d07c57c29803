import { readdir } from 'node:fs/promises';
import type { SpoolLayout } from './layout.ts';
import type { MarkerStore } from './marker-store.ts';

/**
 * Ids of all clips that have a marker, also a broken one. To find what belongs to no clip, list that first.
 */
export async function heldClips(layout: SpoolLayout, markers: MarkerStore): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  // `open` twice: the other process may be moving a marker between the folders meanwhile, in either direction.
  for (const folder of ['open', 'refused', 'released', 'open'] as const) {
    for (const clipId of await markers.ids(folder)) held.add(clipId);
  }
  // A marker that was set aside as broken still says whose bytes these are.
  for (const name of await readdir(layout.broken)) held.add(name.replace(/^[a-z]+-|\.json$/g, ''));
  return held;
}
