import type { Alert } from '../domain/alert.ts';

/** A header by which whoever is in between can tell a repeat, an update and a camera. Name and value are plain ASCII. */
export const IDENTITY_HEADER = 'X-HomeSec-Alert';

/** JSON with all but ASCII escaped: nothing in a name can end the header. */
export function alertIdentity({ dedupeKey, revision, cameraName }: Alert): string {
  const json = JSON.stringify({ dedupe_key: dedupeKey, revision, camera_name: cameraName });
  return json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
