import { z } from 'zod';
import type { Clip } from '../domain/clip.ts';
import { type ClipId, isClipId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** Why a clip was set aside: `refused` by the workflow service for its own sake, `closed`: its workflow ended without releasing it. */
export type SetAsideCode = 'refused' | 'closed';
export interface SetAsideReason {
  readonly code: SetAsideCode;
  readonly message: string;
}

/** What stands in `refused/`. */
export interface RefusedClip {
  readonly clip: Clip;
  readonly reason: SetAsideReason;
  readonly refusedAt: string;
}

/** What stands in `released/`: a finished clip whose bytes the spool still holds. */
export interface ReleasedClip {
  readonly clip: Clip;
  /** Storage has a verified copy, so the local bytes may go. */
  readonly uploaded: boolean;
  readonly releasedAt: string;
}

/** What the folders of markers hold. A clip has its marker in one of them. */
export interface Markers {
  open: Clip;
  refused: RefusedClip;
  released: ReleasedClip;
}
export type MarkerFolder = keyof Markers;

const instant = z.iso.datetime({ precision: 3 });
const clipSchema = z.object({
  clipId: z.custom<ClipId>((value) => typeof value === 'string' && isClipId(value), 'not a clip id'),
  cameraName: z.string().min(1),
  hostId: z.uuid(),
  recordedStartAt: instant,
  recordedEndAt: instant,
  durationMs: z.number().nonnegative(),
  sealedAt: instant,
  sourceBackend: z.string().min(1),
  eventId: z.string().min(1).exactOptional(),
  sizeBytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  path: z.string().startsWith('/'),
  storageKey: z.string().min(1),
}) satisfies z.ZodType<Clip>;

const refusedSchema = z.object({
  clip: clipSchema,
  reason: z.object({ code: z.enum(['refused', 'closed']), message: z.string() }),
  refusedAt: instant,
}) satisfies z.ZodType<RefusedClip>;

const releasedSchema = z.object({
  clip: clipSchema,
  uploaded: z.boolean(),
  releasedAt: instant,
}) satisfies z.ZodType<ReleasedClip>;

export const formatMarker = (marker: Markers[MarkerFolder]): string => `${JSON.stringify(marker, null, 2)}\n`;

/** @returns the clip, or one line that says what is wrong with the text. */
export const parseOpenMarker = (text: string): Result<Clip, string> => parse(clipSchema, text);
export const parseRefusedMarker = (text: string): Result<RefusedClip, string> => parse(refusedSchema, text);
export const parseReleasedMarker = (text: string): Result<ReleasedClip, string> => parse(releasedSchema, text);

function parse<T>(schema: z.ZodType<T>, text: string): Result<T, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err('not JSON');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  return err(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
}
