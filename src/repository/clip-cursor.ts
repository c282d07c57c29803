import { z } from 'zod';
import type { ClipId } from '../domain/ids.ts';
import type { Instant } from '../domain/instant.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type RepositoryError, repositoryError } from './repository-error.ts';
import { clipIdSchema, instantSchema } from './stored-parts.ts';

/** The last clip of a page; the next page begins after it. */
export interface ClipCursor {
  readonly recordedAt: Instant;
  readonly clipId: ClipId;
}

const cursorSchema = z.strictObject({ recorded_at: instantSchema, clip_id: clipIdSchema });

/** The cursor as callers carry it: base64url of compact JSON, without padding. */
export const toCursorToken = ({ recordedAt, clipId }: ClipCursor): string =>
  Buffer.from(JSON.stringify({ recorded_at: recordedAt, clip_id: clipId })).toString('base64url');

export function parseCursorToken(token: string): Result<ClipCursor, RepositoryError> {
  const parsed = cursorSchema.safeParse(decode(token));
  if (parsed.success) return ok({ recordedAt: parsed.data.recorded_at, clipId: parsed.data.clip_id });
  return err(
    repositoryError('CLIPS_CURSOR_INVALID', 'the cursor is not one that a list of clips gave: start from the first page'),
  );
}

function decode(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
