import type { ClipId } from '../domain/ids.ts';
import type { Result } from '../domain/result.ts';
import { readEvents } from './clip-events.ts';
import { lockClip, writeState } from './clip-states.ts';
import type { Pool } from './pool.ts';
import { attempt, type RepositoryError } from './repository-error.ts';
import { transaction } from './transaction.ts';
import type { OnUnreadable } from './unreadable-row.ts';

export interface RebuildOptions {
  /** Left out: all clips. */
  readonly clipId?: ClipId;
  readonly onProgress?: (progress: RebuildProgress) => void;
}

export interface RebuildProgress {
  /** Clips whose events were read. */
  readonly clips: number;
  /** Of these, without a state: their `clip_recorded` is missing or unreadable. */
  readonly withoutState: number;
}

const CLIPS_PER_PAGE = 500;

/** Folds stored events into states once more, clip by clip, beside running writers. */
export async function rebuildStates(
  pool: Pool,
  { clipId, onProgress }: RebuildOptions,
  onUnreadable: OnUnreadable,
): Promise<Result<RebuildProgress, RepositoryError>> {
  return attempt('cannot rebuild clip states', async () => {
    let progress: RebuildProgress = { clips: 0, withoutState: 0 };
    let page = clipId === undefined ? await clipIdsAfter(pool, '') : [clipId];
    for (; page.length > 0; page = clipId === undefined ? await clipIdsAfter(pool, page.at(-1) ?? '') : []) {
      for (const id of page) {
        const folded = await rebuildState(pool, id, onUnreadable);
        progress = { clips: progress.clips + 1, withoutState: progress.withoutState + (folded ? 0 : 1) };
      }
      onProgress?.(progress);
    }
    return progress;
  });
}

async function rebuildState(pool: Pool, clipId: ClipId, onUnreadable: OnUnreadable): Promise<boolean> {
  return transaction(pool, async (client) => {
    await lockClip(client, clipId);
    const log = await readEvents(client, clipId);
    log.unreadable.forEach(onUnreadable);
    return (await writeState(client, log)) !== undefined;
  });
}

async function clipIdsAfter(pool: Pool, after: string): Promise<ClipId[]> {
  const { rows } = await pool.query<{ clip_id: ClipId }>(
    'select distinct clip_id from clip_events where clip_id > $1 order by clip_id limit $2',
    [after, CLIPS_PER_PAGE],
  );
  return rows.map((row) => row.clip_id);
}
