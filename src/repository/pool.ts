import pg from 'pg';
import type { Secret } from '../domain/secret.ts';

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;

export interface PoolOptions {
  /** Connections at most. */
  readonly max?: number;
  /** How Postgres lists this process in pg_stat_activity. */
  readonly applicationName?: string;
  /** For a new connection, or for one of the `max` to become free. */
  readonly connectTimeoutMs?: number;
  /** Ends a statement on the server, and a little later here, when the server no longer answers. */
  readonly statementTimeoutMs?: number;
  /** A connection was lost while nobody used it. Nothing to do: the next query opens another. */
  readonly onConnectionLost?: (error: Error) => void;
}

/**
 * Connections to Postgres, opened when first needed and again after each loss; a server that is away is no error here but
 * one of the query. Close with `end()`.
 * @param dsn `postgres://user:password@host:port/database`
 */
export function openPool(dsn: Secret, options: PoolOptions = {}): Pool {
  const {
    max = 5,
    applicationName = 'homesec',
    connectTimeoutMs = 10_000,
    statementTimeoutMs = 15_000,
    onConnectionLost,
  } = options;
  const pool = new pg.Pool({
    connectionString: dsn.reveal(),
    max,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 2000,
    // A process that stops in mid-transaction must not hold its clip's lock for ever.
    idle_in_transaction_session_timeout: statementTimeoutMs,
    keepAlive: true,
  });
  pool.on('error', (error) => onConnectionLost?.(error));
  // The pool listens only to idle connections. One that is lost between two statements of a transaction would otherwise end
  // the process; there the next statement fails, which is enough.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
