import { type PluginFailure, pluginFailure, type StageErrorCode } from '../../../domain/stage-error.ts';
import { StorageStop } from '../../../kit/storage-stop.ts';

/** What the operating system's refusals mean for storage (Linux errno(3)). */
const CODES: Readonly<Record<string, StageErrorCode>> = {
  ENOSPC: 'STORAGE_FULL',
  EDQUOT: 'STORAGE_FULL',
  EACCES: 'STORAGE_DENIED',
  EPERM: 'STORAGE_DENIED',
  // A disk that was remounted read-only needs a person.
  EROFS: 'STORAGE_DENIED',
  ELOOP: 'STORAGE_DENIED',
  ENAMETOOLONG: 'STORAGE_DENIED',
  EILSEQ: 'STORAGE_DENIED',
  EINVAL: 'STORAGE_DENIED',
  // Larger than the file system can hold.
  EFBIG: 'STORAGE_DENIED',
  EXDEV: 'STORAGE_DENIED',
  ENOTDIR: 'STORAGE_CONFLICT',
  EISDIR: 'STORAGE_CONFLICT',
  EEXIST: 'STORAGE_CONFLICT',
  ENOENT: 'STORAGE_UNREACHABLE',
  EIO: 'STORAGE_UNREACHABLE',
  ESTALE: 'STORAGE_UNREACHABLE',
  ENOTCONN: 'STORAGE_UNREACHABLE',
  ENODEV: 'STORAGE_UNREACHABLE',
  ENXIO: 'STORAGE_UNREACHABLE',
  ETIMEDOUT: 'STORAGE_UNREACHABLE',
  EHOSTDOWN: 'STORAGE_UNREACHABLE',
  EHOSTUNREACH: 'STORAGE_UNREACHABLE',
  EREMOTEIO: 'STORAGE_UNREACHABLE',
  EBUSY: 'STORAGE_UNREACHABLE',
};

/** A failure of the storage itself, from whatever was thrown while `what` was tried. */
export function storageFailure(what: string, thrown: unknown): PluginFailure {
  if (thrown instanceof StorageStop) return thrown.failure;
  const errno = errnoOf(thrown);
  const code = errno === undefined ? undefined : CODES[errno];
  return pluginFailure(code ?? 'UNEXPECTED', `could not ${what}: ${errno ?? String(thrown)}`, thrown);
}

export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** Whether the error says that nothing has that name. */
export function isAbsent(thrown: unknown): boolean {
  const errno = errnoOf(thrown);
  return errno === 'ENOENT' || errno === 'ENOTDIR';
}
