import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { ok, type Result } from '../src/domain/result.ts';
import { backoffMs } from '../src/kit/backoff.ts';
import type { Logger } from '../src/plugins/spec/plugin.ts';
import type { TemporalAccess } from '../src/temporal/access.ts';
import { explainRefusal } from '../src/temporal/explain-refusal.ts';

export interface ConnectOptions<E> {
  /** Asked anew for each attempt: an embedded server may come up on another port. An error ends the waiting. */
  readonly access: () => Result<TemporalAccess | undefined, E>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told after each attempt in vain. */
  readonly onWaiting?: (reason: string) => void;
}

export interface WorkerConnection {
  readonly connection: NativeConnection;
  readonly access: TemporalAccess;
}

/**
 * Waits for Temporal, however long it takes. The SDK itself gives up at once when the server is not there.
 * @returns undefined when told to stop before it came.
 */
export async function connectWorker<E>(options: ConnectOptions<E>): Promise<Result<WorkerConnection | undefined, E>> {
  const { logger, signal, onWaiting } = options;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const access = options.access();
    if (!access.ok) return access;
    const outcome = access.value === undefined ? 'no address is known yet' : await connect(access.value);
    if (typeof outcome !== 'string') return ok(outcome);
    logger.warn({ attempt, address: access.value?.address, error: outcome }, 'waiting for Temporal');
    onWaiting?.(outcome);
    await delay(backoffMs({ initialMs: 200, maxMs: 10_000 }, attempt, Math.random), undefined, { signal }).catch(() => undefined);
  }
  return ok(undefined);
}

/** @returns the connection, or why there is none. */
async function connect(access: TemporalAccess): Promise<WorkerConnection | string> {
  const { address, security } = access;
  try {
    // On one's own machine compression costs a third of the latency and saves nothing.
    const loopback = /^(127\.|localhost|\[::1\])/.test(address);
    const compression = loopback ? { grpcCompression: { codec: 'none' as const } } : {};
    return { access, connection: await NativeConnection.connect({ ...security, address, ...compression }) };
  } catch (thrown) {
    return explainRefusal(thrown);
  }
}
