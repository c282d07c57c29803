import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { TlsFiles } from './tls-files.ts';

/** A way to a gRPC server without TLS that lets in only clients with a certificate, as a gateway before a cluster does. */
export interface TlsGate extends AsyncDisposable {
  readonly address: string;
  /** The header `authorization` of all calls so far. */
  readonly credentials: ReadonlySet<string | undefined>;
}

export async function openTlsGate(target: string, server: TlsFiles, client: Pick<TlsFiles, 'caFile'>): Promise<TlsGate> {
  const credentials = new Set<string | undefined>();
  const sockets = new Set<Socket>();
  const onward = connect(`http://${target}`);
  const gate = createSecureServer({
    cert: readFileSync(server.certFile),
    key: readFileSync(server.keyFile),
    ca: readFileSync(client.caFile),
    requestCert: true,
  });
  gate.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  gate.on('sessionError', () => undefined);
  gate.on('stream', (stream, headers) => {
    credentials.add(headers.authorization);
    forward(onward, stream, headers);
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  const address = gate.address();
  if (address === null || typeof address === 'string') throw new Error('the gate has no port');
  return {
    address: `127.0.0.1:${address.port}`,
    credentials,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      onward.destroy();
      await new Promise<void>((resolve) => gate.close(() => resolve()));
    },
  };
}

/** A gRPC call ends with trailers, or has nothing but headers. */
function forward(onward: ClientHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const call = onward.request({ ...headers, ':scheme': 'http' });
  let trailers: IncomingHttpHeaders = {};
  stream.on('error', () => call.destroy());
  call.on('error', () => stream.destroy());
  stream.on('close', () => call.close());
  call.on('trailers', (sent) => {
    trailers = sent;
  });
  call.on('response', (answer, flags) => {
    const isWhole = (flags & 1) !== 0;
    stream.respond(answer, isWhole ? { endStream: true } : { waitForTrailers: true });
    if (isWhole) return;
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    call.pipe(stream);
  });
  stream.pipe(call);
}
