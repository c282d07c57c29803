import { createHash } from 'node:crypto';
import { log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { ClipState } from '../src/domain/clip-state.ts';
import type { ClipEvent, NewClipEvent } from '../src/domain/events.ts';
import type { ClipId } from '../src/domain/ids.ts';
import type { EndedClip, ReconcileActivities } from '../src/domain/reconcile-clips.ts';
import type { Result } from '../src/domain/result.ts';
import type { ClipRepository } from '../src/repository/clip-repository.ts';
import type { RepositoryError } from '../src/repository/repository-error.ts';
import { type EndedRun, endedRuns } from '../src/temporal/ended-clips.ts';
import { raise } from './record-events.ts';

type Repository = Pick<ClipRepository, 'get' | 'append'>;

export interface ReconcileDeps {
  readonly client: () => Promise<Client | undefined>;
  /** Undefined while nobody knows where Postgres is. */
  readonly repository: () => Repository | undefined;
}

export function createRecordEndedClips(deps: ReconcileDeps): ReconcileActivities['recordEndedClips'] {
  /** So that turns look at each run once. It is forgotten with the process, and they look again. */
  const told = new Set<string>();
  return async ({ limit }) => {
    const [client, repository] = [await deps.client(), deps.repository()];
    if (client === undefined || repository === undefined) throw new Error('nobody knows yet where Temporal and Postgres are');
    const runs = endedRuns(client, {
      isTold: (runId) => told.has(runId),
      isOver: async (clipId) => isOver(unlessAway(await repository.get(clipId))),
      onUnreadable: (clipId, error) => leave(clipId, String(error)),
    });
    const ended: EndedClip[] = [];
    for await (const run of runs) {
      const { clipId, runId, reason, isLatest } = run;
      const written = await tell(repository, run);
      unlessAway(written);
      if (!written.ok) leave(clipId, written.error.message);
      else told.add(runId);
      if (written.ok && isLatest) ended.push({ clipId, hostId: run.input.clip.hostId, reason });
      if (ended.length === limit) break;
    }
    return ended;
  };
}

export function createSetAsideClip(
  refuse: (clipId: ClipId, reason: { readonly code: 'closed'; readonly message: string }) => Promise<unknown>,
): ReconcileActivities['setAsideClip'] {
  return async ({ clipId, reason }) => void (await refuse(clipId, { code: 'closed', message: reason }));
}

/** What is wrong with one clip holds up no other. */
function leave(clipId: ClipId, error: string): void {
  log.warn('the end of a clip that was ended from outside cannot be told', { clipId, error });
}

const isOver = (state: ClipState | undefined): boolean => state?.status === 'failed' || state?.status === 'deleted';

async function tell(repository: Repository, run: EndedRun): Promise<Result<unknown, RepositoryError>> {
  if (!run.isLatest) return repository.append(run.clipId, run.events);
  const known = await repository.get(run.clipId);
  return known.ok ? repository.append(run.clipId, storyOf(run, known.value)) : known;
}

/** What the run still had on its way to Postgres, and its end. The same however often it is told. */
function storyOf(
  { runId, endedAt, reason, input, clipId, events }: EndedRun,
  state: ClipState | undefined,
): readonly ClipEvent[] {
  // It has told its end, and waited only for its host to release it.
  if (events.some(({ eventType }) => eventType === 'clip_done')) return events;
  const generation = Math.max(input.generation, state?.generation ?? 1, ...events.map((event) => event.generation));
  const endMs = endedAt.getTime();
  const stamped = (event: NewClipEvent, sequence: number): ClipEvent => ({
    ...event,
    ...{ clipId, generation, sequence, timestamp: endedAt.toISOString() },
    id: uuidOf(`${runId} ${event.eventType}`),
  });
  const { path, clipId: _clipId, ...facts } = input.clip;
  const isUnheardOf = state === undefined && !events.some(({ eventType }) => eventType === 'clip_recorded');
  // Before all that the run may have told, and after it.
  const beginning = isUnheardOf ? [stamped({ eventType: 'clip_recorded', localPath: path, ...facts }, 1)] : [];
  const sequence = Math.max(endMs * 1000, ...events.map((event) => event.sequence + 1));
  return [...beginning, ...events, stamped({ eventType: 'clip_failed', stages: [], reason }, sequence)];
}

function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** Postgres away is none of the clip's faults; the server asks again soon. */
function unlessAway<T>(result: Result<T, RepositoryError>): T | undefined {
  if (result.ok) return result.value;
  return result.error.code === 'DB_UNAVAILABLE' ? raise(result.error) : undefined;
}
