import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../src/domain/activities.ts';
import type { Result } from '../src/domain/result.ts';
import type { CameraRepository } from '../src/repository/camera-repository.ts';
import type { ClipRepository } from '../src/repository/clip-repository.ts';
import type { RepositoryError } from '../src/repository/repository-error.ts';

export function createRecordEvents(repository: Pick<ClipRepository, 'append'>): Activities['recordEvents'] {
  return async ({ clipId, events }) => written(await repository.append(clipId, events));
}

export function createRecordCameraEvents(cameras: CameraRepository): Activities['recordCameraEvents'] {
  return async ({ camera, events }) => written(await cameras.append(camera, events));
}

function written(appended: Result<unknown, RepositoryError>): void {
  if (!appended.ok) raise(appended.error);
}

/** Postgres away is a failure that the server retries for ever; events are never given up, also not for a refused value. */
export function raise({ code, message, causes }: RepositoryError): never {
  throw ApplicationFailure.create({ type: code, message, details: [causes] });
}
