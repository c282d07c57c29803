import { type Err, err } from '../domain/result.ts';
import { causesOf, type ErrorCause } from '../domain/stage-error.ts';

/** Every way in which listing, fetching or registering a model can fail. */
export type ModelErrorCode =
  | 'MODEL_UNKNOWN'
  | 'MODEL_UNREACHABLE'
  | 'MODEL_TRUNCATED'
  | 'MODEL_HASH_MISMATCH'
  | 'MODEL_NO_SPACE'
  | 'MODEL_FILES_FAILED'
  | 'MODEL_NOT_CONVERTIBLE'
  | 'MODEL_MANIFEST_INVALID'
  | 'MODEL_UNUSABLE'
  | 'MODEL_BUSY'
  | 'MODEL_CANCELLED';

export interface ModelError {
  readonly code: ModelErrorCode;
  /** The file, folder, package or address that it is about. */
  readonly where: string;
  readonly what: string;
  readonly fix: string;
  readonly causes: readonly ErrorCause[];
}

export type ModelErrorText = Omit<ModelError, 'causes'>;

export function modelError(error: ModelErrorText, cause?: unknown): Err<ModelError> {
  return err({ ...error, causes: causesOf(cause) });
}

/** What the system said, for example `ENOSPC`. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return causesOf(thrown).find((cause) => cause.code !== undefined)?.code;
}

/** A file or folder that could not be read or written. */
export function filesFailed(where: string, cause: unknown): Err<ModelError> {
  const code = systemCodeOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return modelError(
      { code: 'MODEL_NO_SPACE', where, what: 'the disk or quota is full', fix: 'Free space there, then try again.' },
      cause,
    );
  }
  const what = cause instanceof Error ? cause.message : String(cause);
  return modelError(
    { code: 'MODEL_FILES_FAILED', where, what, fix: 'Check that the path exists and may be read and written.' },
    cause,
  );
}

export function cancelled(where: string): Err<ModelError> {
  return modelError({
    code: 'MODEL_CANCELLED',
    where,
    what: 'it was interrupted',
    fix: 'Nothing was left behind; start it again.',
  });
}
