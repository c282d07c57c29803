import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpReceiver {
  readonly origin: string;
  /** What was answered with 2xx, in order. */
  readonly accepted: readonly ReceivedRequest[];
  /** Everything that came. */
  readonly requests: readonly ReceivedRequest[];
  close(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether the body never ends. */
  readonly isEndless?: boolean;
}

/** What to answer, and when. */
export type Answer = (request: ReceivedRequest) => Reply | Promise<Reply>;

/** An HTTP server on a free port of this machine that keeps what it is sent. */
export async function openHttpReceiver(answer: Answer = () => ({ status: 200, body: '{}' })): Promise<HttpReceiver> {
  const accepted: ReceivedRequest[] = [];
  const requests: ReceivedRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, headers, body: Buffer.concat(chunks) };
      requests.push(request);
      void Promise.resolve(answer(request)).then((reply) => {
        if (reply.status < 300) accepted.push(request);
        write(response, reply);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening TCP server has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    accepted,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function write(response: ServerResponse, { status, headers = {}, body = '', isEndless = false }: Reply): void {
  response.writeHead(status, { ...headers });
  if (isEndless) response.write(body || '.');
  else response.end(body);
}
