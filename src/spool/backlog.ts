import { readdir } from 'node:fs/promises';
import type { ClipId } from '../domain/ids.ts';
import type { Instant } from '../domain/instant.ts';
import type { SpoolLayout } from './layout.ts';
import type { RefusedClip } from './marker.ts';
import type { MarkerStore } from './marker-store.ts';
import { freeBytesOf } from './retention.ts';

/** What the spool still owes, and what a person should look at. */
export interface SpoolBacklog {
  /** Sealed clips whose final state is not recorded yet. */
  readonly openCount: number;
  readonly openBytes: number;
  readonly oldestSealedAt?: Instant;
  /** Set aside, each with the reason. */
  readonly refused: readonly RefusedClip[];
  /** Names in `broken/`. */
  readonly broken: readonly string[];
  /** Left on the disk of the spool. */
  readonly freeBytes: number;
}

/** @returns a function that reads each marker once, so that asking again costs no more than listing the folder. */
export function createBacklog(layout: SpoolLayout, markers: MarkerStore): () => Promise<SpoolBacklog> {
  const known = new Map<ClipId, { readonly sizeBytes: number; readonly sealedAt: Instant }>();
  return async () => {
    const open = new Set(await markers.ids('open'));
    for (const clipId of known.keys()) if (!open.has(clipId)) known.delete(clipId);
    for (const clipId of open) {
      const read = known.has(clipId) ? undefined : await markers.read('open', clipId);
      if (read?.ok && read.value !== undefined) known.set(clipId, read.value);
    }
    const facts = [...known.values()];
    const oldestSealedAt = facts.map((fact) => fact.sealedAt).toSorted()[0];
    return {
      openCount: open.size,
      openBytes: facts.reduce((sum, fact) => sum + fact.sizeBytes, 0),
      ...(oldestSealedAt === undefined ? {} : { oldestSealedAt }),
      refused: await refusedClips(markers),
      broken: (await readdir(layout.broken)).toSorted(),
      freeBytes: await freeBytesOf(layout.dir),
    };
  };
}

async function refusedClips(markers: MarkerStore): Promise<RefusedClip[]> {
  const refused: RefusedClip[] = [];
  for (const clipId of await markers.ids('refused')) {
    const read = await markers.read('refused', clipId);
    if (read.ok && read.value !== undefined) refused.push(read.value);
  }
  return refused;
}
