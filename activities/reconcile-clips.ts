import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { ClipState } from '../src/domain/clip-state.ts';
import type { ClipEvent, NewClipEvent } from '../src/domain/events.ts';
import type { ClipId } from '../src/domain/ids.ts';
import type { EndedClip, ReconcileActivities } from '../src/domain/reconcile-clips.ts';
import type { Result } from '../src/domain/result.ts';
import type { ClipRepository } from '../src/repository/clip-repository.ts';
import type { RepositoryError } from '../src/repository/repository-error.ts';
import { eventsOf } from '../src/temporal/clip-history.ts';
import { type EndedRun, endedRuns } from '../src/temporal/ended-clips.ts';

export interface ReconcileDeps {
  readonly client: () => Promise<Client | undefined>;
  /** Undefined while nobody knows where Postgres is. */
  readonly repository: () => Pick<ClipRepository, 'get' | 'append'> | undefined;
}

export function createRecordEndedClips(deps: ReconcileDeps): ReconcileActivities['recordEndedClips'] {
  return async ({ limit }) => {
    const [client, repository] = [await deps.client(), deps.repository()];
    if (client === undefined || repository === undefined) throw new Error('nobody knows yet where Temporal and Postgres are');
    const isKnown = async (clipId: ClipId) => isOver(valueOf(await repository.get(clipId)));
    const ended: EndedClip[] = [];
    for await (const run of endedRuns(client, isKnown)) {
      const { clipId, reason } = run;
      valueOf(await repository.append(clipId, storyOf(run, valueOf(await repository.get(clipId)))));
      ended.push({ clipId, hostId: run.record.input.clip.hostId, reason });
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

const isOver = (state: ClipState | undefined): boolean => state?.status === 'failed' || state?.status === 'deleted';

/** What the run still had on its way to Postgres, and its end. The same however often it is told. */
function storyOf({ runId, endedAt, reason, record, clipId }: EndedRun, state: ClipState | undefined): ClipEvent[] {
  const told = eventsOf(record);
  const generation = Math.max(record.input.generation, state?.generation ?? 1, ...told.map((event) => event.generation));
  const endMs = endedAt.getTime();
  const stamped = (event: NewClipEvent, sequence: number): ClipEvent => ({
    ...event,
    ...{ clipId, generation, sequence, timestamp: endedAt.toISOString() },
    id: uuidOf(`${runId} ${event.eventType}`),
  });
  const { path, clipId: _clipId, ...facts } = record.input.clip;
  const isUnheardOf = state === undefined && !told.some(({ eventType }) => eventType === 'clip_recorded');
  // Before all that the run may have told, and after it.
  const beginning = isUnheardOf ? [stamped({ eventType: 'clip_recorded', localPath: path, ...facts }, 1)] : [];
  const sequence = Math.max(endMs * 1000, ...told.map((event) => event.sequence + 1));
  return [...beginning, ...told, stamped({ eventType: 'clip_failed', stages: [], reason }, sequence)];
}

function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** The schedule asks again soon; meanwhile the server retries. */
function valueOf<T>(result: Result<T, RepositoryError>): T {
  if (result.ok) return result.value;
  const { code, message, causes } = result.error;
  throw ApplicationFailure.create({ type: code, message, details: [causes] });
}
