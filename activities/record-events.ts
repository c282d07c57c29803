import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../src/domain/activities.ts';
import type { ClipRepository } from '../src/repository/clip-repository.ts';

/** Postgres away is a failure that the server retries for ever; events are never given up, also not for a refused value. */
export function createRecordEvents(repository: Pick<ClipRepository, 'append'>): Activities['recordEvents'] {
  return async ({ clipId, events }) => {
    const appended = await repository.append(clipId, events);
    if (appended.ok) return;
    const { code, message, causes } = appended.error;
    throw ApplicationFailure.create({ type: code, message, details: [causes] });
  };
}
