import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { redactCredentials } from '../kit/redact.ts';
import type { Finding } from '../plugins/spec/finding.ts';
import type { Logger } from '../plugins/spec/plugin.ts';
import type { HealthAddress } from './health-address.ts';

export interface HealthServerOptions {
  readonly at: HealthAddress;
  /** Names the process in the answer: `record`, `worker pipeline`. */
  readonly name: string;
  /** Looks at what the process needs. One `bad` finding makes it not ready. */
  readonly look: () => Promise<readonly Finding[]>;
  /** In Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  readonly logger: Logger;
}

export interface HealthServer extends AsyncDisposable {
  /** Undefined while it does not listen. */
  readonly port: number | undefined;
}

/** What `/health/ready` answers. */
export interface Readiness {
  readonly process: string;
  /** The worst of the findings. `attention`: it works, but a person should look. */
  readonly status: Finding['state'];
  readonly findings: readonly Finding[];
}

const LISTEN_AGAIN_MS = 5_000;

/**
 * Answers `/health/live` for as long as the event loop turns, `/health/ready` with what works (503 when something does not), and
 * `/metrics`. A port that is taken is no reason for the process to end: it is tried again, beside its work.
 */
export function openHealthServer(options: HealthServerOptions): HealthServer {
  const { at, logger } = options;
  const closing = new AbortController();
  const server = createServer((request, response) => {
    void answer(options, request.url ?? '', response).catch((error: unknown) => {
      logger.error({ err: error }, 'cannot tell how this process is');
      send(response, 500, 'text/plain', 'see the log');
    });
  });
  const listening = listenPatiently();

  async function listenPatiently(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        server.listen(at.port, at.host);
        await once(server, 'listening', { signal: closing.signal });
        // Nothing that is wrong here may end a process that records.
        server.on('error', (error) => logger.warn({ error: error.message }, 'a question about health was not taken'));
        return;
      } catch (error) {
        if (closing.signal.aborted) return;
        logger.warn({ error: String(error), ...at }, 'cannot listen for questions about health; trying again');
        await delay(LISTEN_AGAIN_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  return {
    get port() {
      const address = server.address();
      return address !== null && typeof address === 'object' ? address.port : undefined;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await listening;
      server.closeAllConnections();
      server.close();
    },
  };
}

async function answer({ name, look, metrics }: HealthServerOptions, path: string, response: ServerResponse): Promise<void> {
  switch (path.replace(/\?.*$/, '')) {
    case '/health/live':
      return send(response, 200, 'application/json', JSON.stringify({ process: name, status: 'good' }));
    case '/health/ready': {
      const readiness = readinessOf(name, await look());
      return send(
        response,
        readiness.status === 'bad' ? 503 : 200,
        'application/json',
        `${redactCredentials(JSON.stringify(readiness, null, 2))}\n`,
      );
    }
    case '/metrics':
      return send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', await metrics());
    default:
      return send(response, 404, 'text/plain', 'there are /health/live, /health/ready and /metrics\n');
  }
}

function readinessOf(process: string, findings: readonly Finding[]): Readiness {
  const has = (state: Finding['state']): boolean => findings.some((finding) => finding.state === state);
  return { process, status: has('bad') ? 'bad' : has('attention') ? 'attention' : 'good', findings };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
