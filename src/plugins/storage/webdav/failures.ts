import type { WebDAVClientError } from 'webdav';
import { type PluginFailure, pluginFailure, type StageErrorCode } from '../../../domain/stage-error.ts';
import { readRetryAfterMs } from '../../../kit/retry-after.ts';

export const isAbsent = (thrown: unknown): boolean => statusOf(thrown) === 404;
/** Something has the name already (RFC 4918, 9.9.4). */
export const isTaken = (thrown: unknown): boolean => statusOf(thrown) === 412;
/** Another request is about to change the same thing. */
export const isLocked = (thrown: unknown): boolean => statusOf(thrown) === 423;
/** A folder that is to be made is there (405), or was made by another at this moment. */
export const isFolderThere = (thrown: unknown): boolean => [405, 423].includes(statusOf(thrown) ?? 0);

/** What was thrown while `what` was tried. */
export function describeFailure(what: string, thrown: unknown): PluginFailure {
  const status = statusOf(thrown);
  if (status === undefined) {
    const why = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
    return pluginFailure(isNetwork(thrown) ? 'STORAGE_UNREACHABLE' : 'UNEXPECTED', `could not ${what}: ${why}`, thrown);
  }
  const retryAfterMs = retryAfterMsOf(thrown);
  return pluginFailure(codeOf(status), `could not ${what}: the server answered ${status}`, thrown, retryAfterMs);
}

function codeOf(status: number): StageErrorCode {
  if (status === 507 || status === 413) return 'STORAGE_FULL';
  if (status === 429) return 'STORAGE_RATE_LIMITED';
  // 404: the folder above has gone since it was made; 409: the same, in the words of PUT and MKCOL.
  if (status >= 500 || [404, 408, 409, 423].includes(status)) return 'STORAGE_UNREACHABLE';
  return status === 412 ? 'STORAGE_CONFLICT' : 'STORAGE_DENIED';
}

const retryAfterMsOf = (thrown: unknown): number | undefined =>
  isResponseError(thrown) ? readRetryAfterMs(thrown.response?.headers, Date.now()) : undefined;

const isResponseError = (thrown: unknown): thrown is WebDAVClientError => thrown instanceof Error && 'status' in thrown;
const statusOf = (thrown: unknown): number | undefined => (isResponseError(thrown) ? thrown.status : undefined);

/** Errors of the connection carry Node's code; those of a body that was cut off too. */
const isNetwork = (thrown: unknown): boolean => thrown instanceof Error && 'code' in thrown;
