import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type FileHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface FileServer {
  readonly origin: string;
  /** `method path range` of each request so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** An HTTP server on a free port of this machine that answers as the test says. */
export async function openFileServer(handle: FileHandler): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push([request.method, request.url, request.headers.range].filter((part) => part !== undefined).join(' '));
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening TCP server has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Promises the whole file, sends its beginning and then nothing more. */
export function sendStalled(response: ServerResponse, bytes: Uint8Array, sentBytes: number): void {
  response.writeHead(200, { 'content-length': bytes.length });
  response.write(bytes.subarray(0, sentBytes));
}

/** Sends what a Range header asks for, or all. */
export function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const partial = request.headers.range !== undefined;
  const range = partial ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
  response.writeHead(partial ? 206 : 200, { 'content-length': bytes.length - start, ...range });
  response.end(bytes.subarray(start));
}
