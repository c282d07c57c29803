import { DropboxResponseError } from 'dropbox';
import { z } from 'zod';
import { type PluginFailure, pluginFailure, type StageErrorCode } from '../../../domain/stage-error.ts';
import { readRetryAfterMs } from '../../../kit/retry-after.ts';

/** What a refusal's summary contains, such as `path/conflict/file/..`, and what that means; the first that fits. */
const REFUSALS: readonly (readonly [part: string, code: StageErrorCode])[] = [
  ['insufficient_space', 'STORAGE_FULL'],
  ['insufficient_quota', 'STORAGE_FULL'],
  ['too_many_write_operations', 'STORAGE_RATE_LIMITED'],
  ['too_many_requests', 'STORAGE_RATE_LIMITED'],
  ['content_hash_mismatch', 'STORAGE_UNVERIFIED'],
  ['conflict', 'STORAGE_CONFLICT'],
  ['not_file', 'STORAGE_CONFLICT'],
  ['no_write_permission', 'STORAGE_DENIED'],
  ['malformed_path', 'STORAGE_DENIED'],
  ['disallowed_name', 'STORAGE_DENIED'],
  ['team_folder', 'STORAGE_DENIED'],
  ['restricted_content', 'STORAGE_DENIED'],
  ['email_unverified', 'STORAGE_DENIED'],
  ['too_large', 'STORAGE_DENIED'],
];

const DEFAULT_RETRY_AFTER_MS = 15_000;

const bodySchema = z.object({
  error_summary: z.string().catch(''),
  error: z.unknown(),
});

/** `instanceof` alone would make every field of the SDK's generic class an `any`. */
export const isResponse = (thrown: unknown): thrown is DropboxResponseError<unknown> => thrown instanceof DropboxResponseError;

/** Dropbox's own words for a refusal, such as `path/not_found/..`; empty when there are none. */
export function summaryOf(thrown: unknown): string {
  if (!isResponse(thrown)) return '';
  const body = bodySchema.safeParse(thrown.error);
  if (!body.success) return typeof thrown.error === 'string' ? thrown.error : '';
  // The token endpoint answers with plain words: `invalid_grant`.
  return body.data.error_summary === '' && typeof body.data.error === 'string' ? body.data.error : body.data.error_summary;
}

export const isNotFound = (thrown: unknown): boolean => /^path(_lookup)?\/not_found/.test(summaryOf(thrown));
export const isExpiredToken = (thrown: unknown): boolean =>
  isResponse(thrown) && thrown.status === 401 && summaryOf(thrown).startsWith('expired_access_token');

/** Where Dropbox says that an upload session stands, when it was asked to go on elsewhere. */
export function correctOffsetOf(thrown: unknown): number | undefined {
  const shape = z.object({ correct_offset: z.number() });
  const body = isResponse(thrown) ? bodySchema.safeParse(thrown.error) : undefined;
  const error = body?.data?.error;
  const nested = z.object({ lookup_failed: shape }).safeParse(error);
  return nested.success ? nested.data.lookup_failed.correct_offset : shape.safeParse(error).data?.correct_offset;
}

/** Whether Dropbox knows nothing of the session, or will not have more of it: days have passed, or another attempt has used it up. */
export const isLostSession = (thrown: unknown): boolean => /^(lookup_failed\/)?(not_found|closed)\b/.test(summaryOf(thrown));

/** What was thrown while `what` was tried. */
export function describeFailure(what: string, thrown: unknown): PluginFailure {
  if (!isResponse(thrown)) {
    const isNetwork = thrown instanceof Error && (thrown.cause !== undefined || thrown.name === 'TimeoutError');
    return pluginFailure(isNetwork ? 'STORAGE_UNREACHABLE' : 'UNEXPECTED', `could not ${what}: ${reasonOf(thrown)}`, thrown);
  }
  const code = codeOf(thrown);
  const told = summaryOf(thrown);
  const why = `Dropbox answered ${thrown.status}${told === '' ? '' : ` ${told}`}`;
  const retryAfterMs = code === 'STORAGE_RATE_LIMITED' ? retryAfterMsOf(thrown) : undefined;
  return pluginFailure(code, `could not ${what}: ${why}`, thrown, retryAfterMs);
}

function codeOf(thrown: DropboxResponseError<unknown>): StageErrorCode {
  const { status } = thrown;
  if (status === 429) return 'STORAGE_RATE_LIMITED';
  if (status >= 500 || status === 408) return 'STORAGE_UNREACHABLE';
  const summary = summaryOf(thrown);
  const [, code] = REFUSALS.find(([part]) => summary.includes(part)) ?? [];
  if (code !== undefined) return code;
  return status === 409 ? 'UNEXPECTED' : 'STORAGE_DENIED';
}

function retryAfterMsOf({ headers }: DropboxResponseError<unknown>): number {
  // Typed as anything by the SDK; it is what fetch gave.
  return readRetryAfterMs(headers as Headers, Date.now()) ?? DEFAULT_RETRY_AFTER_MS;
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause;
  return cause instanceof Error ? `${thrown.message}: ${'code' in cause ? String(cause.code) : cause.message}` : thrown.message;
}
