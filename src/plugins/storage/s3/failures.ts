import { S3ServiceException } from '@aws-sdk/client-s3';
import { type PluginFailure, pluginFailure, type StageErrorCode } from '../../../domain/stage-error.ts';
import { readRetryAfterMs } from '../../../kit/retry-after.ts';

/** What servers call what they refuse, where the status says too little. */
const CODES: Readonly<Record<string, StageErrorCode>> = {
  SlowDown: 'STORAGE_RATE_LIMITED',
  TooManyRequests: 'STORAGE_RATE_LIMITED',
  RequestLimitExceeded: 'STORAGE_RATE_LIMITED',
  QuotaExceeded: 'STORAGE_FULL',
  InsufficientStorage: 'STORAGE_FULL',
  XMinioStorageFull: 'STORAGE_FULL',
  XAmzContentSHA256Mismatch: 'STORAGE_UNVERIFIED',
  XAmzContentChecksumMismatch: 'STORAGE_UNVERIFIED',
  BadDigest: 'STORAGE_UNVERIFIED',
  // Of a part that was there when we asked.
  InvalidPart: 'STORAGE_UNVERIFIED',
  // Servers that keep objects as files have no room for one where a folder is, or below a file.
  ExistingObjectIsDirectory: 'STORAGE_CONFLICT',
  ObjectParentIsFile: 'STORAGE_CONFLICT',
  // Either clock is off; ours is set soon after a start without a battery.
  RequestTimeTooSkewed: 'STORAGE_UNREACHABLE',
  RequestTimeout: 'STORAGE_UNREACHABLE',
  IncompleteBody: 'STORAGE_UNREACHABLE',
};

export const isAbsent = (thrown: unknown): boolean => statusOf(thrown) === 404 && nameOf(thrown) !== 'NoSuchBucket';
export const isLostUpload = (thrown: unknown): boolean => nameOf(thrown) === 'NoSuchUpload';
/** Something came to be under the key since it was looked at (RFC 9110 412), or is coming to be at this moment. */
export const isRivalled = (thrown: unknown): boolean =>
  ['PreconditionFailed', 'ConditionalRequestConflict'].includes(nameOf(thrown)) || statusOf(thrown) === 412;

/** What was thrown while `what` was tried. */
export function describeFailure(what: string, thrown: unknown): PluginFailure {
  if (!(thrown instanceof S3ServiceException)) {
    const why = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
    return pluginFailure(isNetwork(thrown) ? 'STORAGE_UNREACHABLE' : 'UNEXPECTED', `could not ${what}: ${why}`, thrown);
  }
  const code = codeOf(thrown);
  // The answer to HEAD has no body, so the SDK has no words for it.
  const words = thrown.message === 'UnknownError' ? 'without a reason' : `${thrown.name}: ${thrown.message}`;
  const told = `the server answered ${statusOf(thrown) ?? ''} ${words}`;
  const why = isSkewed(thrown) ? `${told}; its clock and ours are minutes apart` : told;
  const retryAfterMs = code === 'STORAGE_RATE_LIMITED' ? retryAfterMsOf(thrown) : undefined;
  return pluginFailure(code, `could not ${what}: ${why}`, thrown, retryAfterMs);
}

function codeOf(thrown: S3ServiceException): StageErrorCode {
  const status = statusOf(thrown) ?? 500;
  const known = CODES[thrown.name];
  if (known !== undefined) return known;
  if (isSkewed(thrown)) return 'STORAGE_UNREACHABLE';
  if (status === 429) return 'STORAGE_RATE_LIMITED';
  if (status === 507) return 'STORAGE_FULL';
  if (status === 409 || status === 412) return 'STORAGE_UNREACHABLE';
  // 501: a server that lacks what a safe upload needs.
  return status >= 500 && status !== 501 ? 'STORAGE_UNREACHABLE' : 'STORAGE_DENIED';
}

/** The answer to HEAD has no room for RequestTimeTooSkewed. The SDK has seen it by the answer's date, and signs the next request by that. */
const isSkewed = ({ $metadata }: S3ServiceException): boolean =>
  $metadata.httpStatusCode === 403 && 'clockSkewCorrected' in $metadata;

const retryAfterMsOf = ({ $response }: S3ServiceException): number | undefined =>
  readRetryAfterMs(new Headers($response?.headers), Date.now());

const statusOf = (thrown: unknown): number | undefined =>
  thrown instanceof S3ServiceException ? thrown.$metadata.httpStatusCode : undefined;
const nameOf = (thrown: unknown): string => (thrown instanceof S3ServiceException ? thrown.name : '');

/** Node's own errors carry a code; what the SDK cannot parse came from no S3 server. */
const isNetwork = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  (('code' in thrown && typeof thrown.code === 'string') || thrown.name === 'TimeoutError' || '$metadata' in thrown);
