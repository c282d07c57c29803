import type { Activities } from '../src/domain/activities.ts';
import type { ClipRepository } from '../src/repository/clip-repository.ts';

/** Postgres away is an exception here: the server then tries again for ever. */
export function createRecordEvents(repository: Pick<ClipRepository, 'append'>): Activities['recordEvents'] {
  return async ({ clipId, events }) => {
    await repository.append(clipId, events);
  };
}
