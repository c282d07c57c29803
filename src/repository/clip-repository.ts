import type { ClipState } from '../domain/clip-state.ts';
import type { ClipEvent } from '../domain/events.ts';
import type { ClipId } from '../domain/ids.ts';
import type { Instant } from '../domain/instant.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { insertEvents, readEvents } from './clip-events.ts';
import { type ClipFilters, type ClipPage, type ClipPageRequest, listClips } from './clip-list.ts';
import { lockClip, writeState } from './clip-states.ts';
import type { Pool } from './pool.ts';
import { type RebuildOptions, type RebuildProgress, rebuildStates } from './rebuild-states.ts';
import { attempt, type RepositoryError, repositoryError } from './repository-error.ts';
import { parseStoredState } from './stored-state.ts';
import { transaction } from './transaction.ts';
import type { OnUnreadable } from './unreadable-row.ts';

/** All that is kept about clips. No call throws for Postgres being away: that is a retryable error. */
export interface ClipRepository {
  /**
   * The one way to write: adds events of a clip and folds all of its events into its state, in one transaction. Idempotent
   * by event id; the order of arrival does not matter; callers may be many and at once.
   * @returns the state after it, undefined while `clip_recorded` has not arrived.
   */
  append(clipId: ClipId, events: readonly ClipEvent[]): Promise<Result<ClipState | undefined, RepositoryError>>;
  /** Folds stored events into states again; nothing changes unless the fold or a row did. */
  rebuild(options?: RebuildOptions): Promise<Result<RebuildProgress, RepositoryError>>;
  get(clipId: ClipId): Promise<Result<ClipState | undefined, RepositoryError>>;
  /** In the order in which the clip emitted them. */
  events(clipId: ClipId): Promise<Result<readonly ClipEvent[], RepositoryError>>;
  list(filters: ClipFilters, page: ClipPageRequest): Promise<Result<ClipPage, RepositoryError>>;
  /** How many clips were recorded since then and how many of them alerted, each counted once, deleted ones not. */
  countSince(since: Instant): Promise<Result<ClipCounts, RepositoryError>>;
  ping(): Promise<Result<void, RepositoryError>>;
}

export interface ClipCounts {
  readonly clips: number;
  readonly alerts: number;
}

export interface ClipRepositoryOptions {
  /** Told of each stored row that this version cannot read. */
  readonly onUnreadable?: OnUnreadable;
}

export function createClipRepository(pool: Pool, { onUnreadable = () => undefined }: ClipRepositoryOptions = {}): ClipRepository {
  return {
    append: (clipId, events) => appendEvents(pool, clipId, events, onUnreadable),
    rebuild: (options = {}) => rebuildStates(pool, options, onUnreadable),
    get: (clipId) => getClip(pool, clipId),
    events: async (clipId) => {
      const log = await attempt('cannot read events', () => readEvents(pool, clipId));
      if (!log.ok) return log;
      log.value.unreadable.forEach(onUnreadable);
      return ok(log.value.events);
    },
    list: (filters, page) => listClips(pool, filters, page, onUnreadable),
    countSince: (since) => countSince(pool, since),
    ping: async () => {
      const answer = await attempt('Postgres does not answer', () => pool.query('select 1'));
      return answer.ok ? ok(undefined) : answer;
    },
  };
}

async function appendEvents(
  pool: Pool,
  clipId: ClipId,
  events: readonly ClipEvent[],
  onUnreadable: OnUnreadable,
): Promise<Result<ClipState | undefined, RepositoryError>> {
  const foreign = events.find((event) => event.clipId !== clipId);
  if (foreign !== undefined) return err(foreignEvent(clipId, foreign));
  const appended = await attempt(`cannot write events of ${clipId}`, () =>
    transaction(pool, async (client) => {
      await lockClip(client, clipId);
      await insertEvents(client, events);
      const log = await readEvents(client, clipId);
      log.unreadable.forEach(onUnreadable);
      const state = await writeState(client, log);
      const taken = events.find((event) => !log.ids.has(event.id.toLowerCase()));
      return taken === undefined ? ok(state) : err(foreignEvent(clipId, taken));
    }),
  );
  return appended.ok ? appended.value : appended;
}

const foreignEvent = (clipId: ClipId, event: ClipEvent): RepositoryError =>
  repositoryError('EVENT_FOREIGN', `event ${event.id} (${event.eventType}) does not belong to ${clipId}`);

async function getClip(pool: Pool, clipId: ClipId): Promise<Result<ClipState | undefined, RepositoryError>> {
  const answer = await attempt('cannot read the clip', () =>
    pool.query<{ data: unknown }>('select data from clip_states where clip_id = $1', [clipId]),
  );
  if (!answer.ok) return answer;
  const [row] = answer.value.rows;
  if (row === undefined) return ok(undefined);
  const state = parseStoredState(row.data);
  return state.ok
    ? state
    : err(repositoryError('ROW_UNREADABLE', `the stored state of ${clipId} cannot be read: ${state.error}`));
}

async function countSince(pool: Pool, since: Instant): Promise<Result<ClipCounts, RepositoryError>> {
  const answer = await attempt('cannot count clips', () =>
    pool.query<{ clips: string; alerts: string }>(
      `select count(*) as clips, count(*) filter (where alerted) as alerts
       from clip_states where recorded_at >= $1 and status <> 'deleted'`,
      [since],
    ),
  );
  if (!answer.ok) return answer;
  const [row] = answer.value.rows;
  return ok({ clips: Number(row?.clips ?? 0), alerts: Number(row?.alerts ?? 0) });
}
