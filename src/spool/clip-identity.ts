import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { type ClipId, cameraSlug, createClipId } from '../domain/ids.ts';
import type { Instant } from '../domain/instant.ts';
import type { Recording } from '../plugins/spec/source.ts';

/** The same recording has the same id whenever and however often it is offered; two cameras never share one. */
export function clipIdOf({ cameraName, identity, recordedStartAt }: Recording): ClipId {
  const identityHex = createHash('sha256').update(`${cameraName}\0${identity}`).digest('hex');
  return createClipId(recordedStartAt, cameraName, identityHex);
}

/** With its dot and in lower case; empty when the file has none that is fit for a name everywhere. */
export function extensionOf(path: string): string {
  const extension = extname(path).toLowerCase();
  return /^\.[a-z0-9]{1,8}$/.test(extension) ? extension : '';
}

/**
 * `clips/front-door/2026-11-23/<clipId>.mp4`, the day in UTC. Cameras whose names differ only in signs share a folder; the
 * clip id keeps their files apart.
 */
export function storageKeyOf(clipsDir: string, recording: Recording, clipId: ClipId): string {
  const folder = [clipsDir.replaceAll(/^\/+|\/+$/g, ''), cameraSlug(recording.cameraName), dayOf(recording.recordedStartAt)];
  return [...folder.filter((part) => part !== ''), `${clipId}${extensionOf(recording.path)}`].join('/');
}

const dayOf = (at: Instant): string => at.slice(0, 10);

export const addMs = (at: Instant, ms: number): Instant => new Date(Date.parse(at) + ms).toISOString();
