import { once } from 'node:events';
import { createServer } from 'node:net';

/** The SDK's own figures, in Prometheus' text format. */
export interface SdkMetrics {
  /** For its exporter, which is heard on this machine alone. */
  readonly bindAddress: string;
  readonly read: () => Promise<string>;
}

const READ_WITHIN_MS = 2_000;

/** The exporter takes a port of its own and would not tell which, so it is given one that is free now. */
export async function openSdkMetrics(): Promise<SdkMetrics> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  return {
    bindAddress,
    read: async () => {
      const response = await fetch(`http://${bindAddress}/metrics`, { signal: AbortSignal.timeout(READ_WITHIN_MS) });
      return response.text();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a server on 127.0.0.1 has no port');
  return address.port;
}
