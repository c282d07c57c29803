import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { backoffMs } from '../src/kit/backoff.ts';
import type { Logger } from '../src/plugins/spec/plugin.ts';

export interface ConnectOptions {
  /** Looked up anew for each attempt: an embedded server may come up on another port. */
  readonly address: () => Promise<string | undefined>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Waits for Temporal, however long it takes. The SDK itself gives up at once when the server is not there.
 * @returns undefined when told to stop before it came.
 */
export async function connectWorker({ address, logger, signal }: ConnectOptions): Promise<NativeConnection | undefined> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const found = await address();
    const outcome = found === undefined ? new Error('no address is known yet') : await connect(found);
    if (outcome instanceof NativeConnection) return outcome;
    logger.warn({ attempt, address: found, error: outcome.message }, 'waiting for Temporal');
    await delay(backoffMs({ initialMs: 200, maxMs: 10_000 }, attempt, Math.random), undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

async function connect(address: string): Promise<NativeConnection | Error> {
  try {
    // On one's own machine compression costs a third of the latency and saves nothing.
    const loopback = /^(127\.|localhost|\[::1\])/.test(address);
    return await NativeConnection.connect({ address, ...(loopback ? { grpcCompression: { codec: 'none' } } : {}) });
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}
