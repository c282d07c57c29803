import type { Instant } from './instant.ts';

declare const clipIdBrand: unique symbol;
/** Sorts by recording time, carries the camera, is unique everywhere: `20261123T022700123Z-front-door-1f3a5c7e9b2d`. */
export type ClipId = string & { readonly [clipIdBrand]: true };

const CLIP_ID = /^\d{8}T\d{9}Z-[a-z0-9-]{1,40}-[0-9a-f]{12}$/;

/**
 * The only way to make a clip id.
 * @param identityHex at least 12 hex digits of a hash over what makes the recording itself (camera, file, bytes), so the
 *   same recording always gets the same id and two recordings never share one.
 */
export function createClipId(recordedStartAt: Instant, cameraName: string, identityHex: string): ClipId {
  const time = recordedStartAt.replaceAll(/[-:.]/g, '');
  const id = `${time}-${cameraSlug(cameraName)}-${identityHex.slice(0, 12)}`;
  if (!isClipId(id)) throw new Error(`not a clip id: ${id}`);
  return id;
}

export function isClipId(text: string): text is ClipId {
  return CLIP_ID.test(text);
}

/** A camera's name as part of file names and ids: lower case ASCII, digits and dashes, at most 40 characters. */
export function cameraSlug(cameraName: string): string {
  const slug = cameraName
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
  return slug === '' ? 'camera' : slug;
}

/** The id of the workflow that owns a clip: one clip, one workflow. */
export const workflowIdOf = (clipId: ClipId): string => `clip-${clipId}`;

/** The clip that a workflow owns; undefined for any other workflow. */
export function clipIdOf(workflowId: string): ClipId | undefined {
  const clipId = workflowId.replace(/^clip-/, '');
  return clipId !== workflowId && isClipId(clipId) ? clipId : undefined;
}
