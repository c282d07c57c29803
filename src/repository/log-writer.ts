import { setTimeout as delay } from 'node:timers/promises';
import { type Backoff, backoffMs } from '../kit/backoff.ts';
import { toJsonText } from './json-text.ts';
import { createLogQueue, type LogQueue } from './log-queue.ts';
import type { Pool } from './pool.ts';
import { attempt } from './repository-error.ts';

export interface LogWriterOptions {
  /** Records that may wait; more are dropped and counted. */
  readonly capacity?: number;
  readonly batchSize?: number;
  /** The longest that a record waits for others while Postgres answers. */
  readonly flushEveryMs?: number;
  readonly backoff?: Backoff;
}

/** Writes log lines to the table `logs`, as well as that goes: never blocks, never throws, drops rather than grows. */
export interface LogWriter {
  /** Takes one line of JSON as the logger writes it; keeps warnings, errors, and what carries an `event_type`. */
  write(line: string): void;
  /** Records lost so far. When Postgres answers again a record `log_records_dropped` says so in the table. */
  droppedCount(): number;
  /** Writes what waits, within the limit. */
  close(limitMs?: number): Promise<void>;
}

export function openLogWriter(pool: Pool, options: LogWriterOptions = {}): LogWriter {
  const { capacity = 5000, batchSize = 100, flushEveryMs = 1000, backoff = { initialMs: 1000, maxMs: 30_000 } } = options;
  const queue = createLogQueue(capacity);
  const closing = new AbortController();
  const pumping = pump(pool, queue, { batchSize, flushEveryMs, backoff, closing: closing.signal });
  return {
    write: queue.offer,
    droppedCount: queue.droppedCount,
    close: async (limitMs = 2000) => {
      closing.abort();
      const limit = new AbortController();
      await Promise.race([pumping, pause(limitMs, limit.signal)]);
      limit.abort();
    },
  };
}

interface PumpOptions extends Required<Omit<LogWriterOptions, 'capacity'>> {
  readonly closing: AbortSignal;
}

async function pump(pool: Pool, queue: LogQueue, { batchSize, flushEveryMs, backoff, closing }: PumpOptions): Promise<void> {
  let failures = 0;
  while (!closing.aborted || queue.size() > 0) {
    if (failures > 0) await pause(backoffMs(backoff, failures, Math.random), closing);
    else if (queue.size() < batchSize) await pause(flushEveryMs, closing);
    const batch = queue.next(batchSize);
    if (batch.length === 0) continue;
    const written = await attempt('cannot write log records', () => insertRecords(pool, batch));
    if (written.ok) queue.settle(batch.length, 'written');
    else if (!written.error.retryable) queue.settle(batch.length, 'refused');
    else if (closing.aborted) return;
    failures = written.ok || !written.error.retryable ? 0 : failures + 1;
  }
}

const insertRecords = (pool: Pool, records: readonly object[]): Promise<unknown> =>
  pool.query(
    'insert into logs (ts, payload) select ts, payload from jsonb_to_recordset($1) as record (ts timestamptz, payload jsonb)',
    [toJsonText(records)],
  );

/** Ends at once when the signal is aborted. Keeps no process alive. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
