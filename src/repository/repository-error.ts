import pg from 'pg';
import { err, ok, type Result } from '../domain/result.ts';
import { causesOf, type ErrorCause } from '../domain/stage-error.ts';

export const REPOSITORY_ERROR_CODES = {
  /** Postgres is away, overloaded, not migrated yet or refuses us: the same call later can succeed. */
  DB_UNAVAILABLE: { retryable: true },
  /** Postgres understood and refused these very values. A defect. */
  DB_REJECTED: { retryable: false },
  /** An event of another clip, or an id that another clip's event has. A defect. */
  EVENT_FOREIGN: { retryable: false },
  /** A stored row that this version cannot read. */
  ROW_UNREADABLE: { retryable: false },
  CLIPS_CURSOR_INVALID: { retryable: false },
  CLIPS_TIMESTAMP_INVALID: { retryable: false },
  CLIPS_TIME_RANGE_INVALID: { retryable: false },
} as const satisfies Readonly<Record<string, { readonly retryable: boolean }>>;
export type RepositoryErrorCode = keyof typeof REPOSITORY_ERROR_CODES;

export interface RepositoryError {
  readonly kind: 'RepositoryError';
  readonly code: RepositoryErrorCode;
  readonly retryable: boolean;
  /** One sentence, without secrets. */
  readonly message: string;
  readonly causes: readonly ErrorCause[];
}

export function repositoryError(code: RepositoryErrorCode, message: string, cause?: unknown): RepositoryError {
  return { kind: 'RepositoryError', code, retryable: REPOSITORY_ERROR_CODES[code].retryable, message, causes: causesOf(cause) };
}

/** Runs what talks to Postgres; what that throws becomes an error value, and a defect of our own stays an exception. */
export async function attempt<T>(what: string, work: () => Promise<T>): Promise<Result<T, RepositoryError>> {
  try {
    return ok(await work());
  } catch (thrown) {
    if (!isFromPostgres(thrown)) throw thrown;
    const code = isRefusalOfValues(thrown) ? 'DB_REJECTED' : 'DB_UNAVAILABLE';
    return err(repositoryError(code, `${what}: ${messageOf(thrown)}`, thrown));
  }
}

/**
 * The client throws plain `Error`s, the server's `DatabaseError`s and the system's, which have a code. Our own defects are
 * none of these.
 */
function isFromPostgres(thrown: unknown): thrown is Error {
  if (!(thrown instanceof Error)) return false;
  if (thrown.constructor === Error || thrown instanceof pg.DatabaseError) return true;
  return 'code' in thrown && thrown.code !== 'ERR_INVALID_ARG_TYPE';
}

/** A host with several addresses fails with one error for all of them, whose own message is empty. */
function messageOf(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  return error.errors.map((each: unknown) => (each instanceof Error ? each.message : String(each))).join('; ');
}

/** Tables, columns or rights that a migration or the owner will add: not the values' fault. */
const CURABLE = new Set(['42P01', '42703', '42501', '42883']);

/**
 * Data exceptions, integrity violations, and statements that cannot be right (SQLSTATE classes 22, 23, 42). Everything
 * else, also what we do not know, may pass: an event is never given up for a guess.
 */
function isRefusalOfValues(error: Error): boolean {
  const code = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
  return /^(22|23|42)/.test(code) && !CURABLE.has(code);
}
