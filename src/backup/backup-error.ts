import { causesOf, type ErrorCause } from '../domain/stage-error.ts';

const BACKUP_ERROR_CODES = {
  /** No pg_dump of the server's own major is installed. */
  BACKUP_TOOL_MISSING: { retryable: false },
  /** The DSN is none that pg_dump could be told. */
  BACKUP_DSN_UNUSABLE: { retryable: false },
  /** Postgres does not answer. */
  BACKUP_SERVER_AWAY: { retryable: true },
  /** The folder cannot be made, read or written. */
  BACKUP_FOLDER_UNUSABLE: { retryable: true },
  /** pg_dump began and did not come to its end. */
  BACKUP_INCOMPLETE: { retryable: true },
  /** pg_restore cannot read the file to its end. */
  BACKUP_UNREADABLE: { retryable: true },
  /** There are tables already. */
  RESTORE_NOT_EMPTY: { retryable: false },
  /** pg_restore began, and all that it did was taken back. */
  RESTORE_FAILED: { retryable: false },
} as const satisfies Readonly<Record<string, { readonly retryable: boolean }>>;
export type BackupErrorCode = keyof typeof BACKUP_ERROR_CODES;

export interface BackupError {
  readonly code: BackupErrorCode;
  /** What went wrong and what can be done about it. No secrets. */
  readonly message: string;
  readonly causes: readonly ErrorCause[];
}

export const backupError = (code: BackupErrorCode, message: string, cause?: unknown): BackupError => ({
  code,
  message,
  causes: causesOf(cause),
});

/** Whether trying the same thing again later can help. */
export const isWorthRetry = ({ code }: BackupError): boolean => BACKUP_ERROR_CODES[code].retryable;
