import { connect, createServer, type Server, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { err, ok, type Result } from '../../../../domain/result.ts';
import { type Endpoint, plainAddress } from './addresses.ts';

/** A data connection that is agreed on and not yet there. */
export interface DataLink {
  /** @returns undefined when it does not come. */
  open(): Promise<Socket | undefined>;
  close(): void;
}

export interface PassiveLink extends DataLink {
  readonly port: number;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const OPEN_TIMEOUT_MS = 15_000;

/**
 * Listens for the camera on the first free port. Connections from any other address are closed at once, so that nobody can send a
 * file in a camera's place.
 * @returns why there is no port to be had.
 */
export async function openPassiveLink(
  { from, to }: PortRange,
  peer: { readonly address: string; readonly localAddress: string },
): Promise<Result<PassiveLink, string>> {
  const count = to - from + 1;
  const offset = Math.floor(Math.random() * count);
  let reason = '';
  for (let index = 0; index < count; index += 1) {
    const port = from + ((offset + index) % count);
    const listening = await listen(port, peer.localAddress);
    if (listening.ok) return ok(linkOf(listening.value, port, peer.address));
    reason = listening.error;
  }
  return err(`no passive port is free (${reason})`);
}

function listen(port: number, host: string): Promise<Result<Server, string>> {
  return new Promise((resolve) => {
    const server = createServer({ pauseOnConnect: true });
    server.once('error', (error) => resolve(err(error.message)));
    server.listen({ port, host, exclusive: true }, () => resolve(ok(server)));
  });
}

function linkOf(server: Server, port: number, peerAddress: string): PassiveLink {
  const arrived = Promise.withResolvers<Socket | undefined>();
  let isOpened = false;
  const close = (): void => {
    clearTimeout(timer);
    server.close();
    arrived.resolve(undefined);
  };
  const timer = setTimeout(close, OPEN_TIMEOUT_MS);
  server.on('error', close);
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    if (isOpened || plainAddress(socket.remoteAddress) !== peerAddress) {
      socket.destroy();
      return;
    }
    isOpened = true;
    arrived.resolve(socket);
    close();
  });
  return {
    port,
    open: () => arrived.promise,
    close() {
      close();
      void arrived.promise.then((socket) => socket?.destroy());
    },
  };
}

/** Connects to the camera when the transfer begins. */
export function createActiveLink({ host, port }: Endpoint): DataLink {
  const closing = new AbortController();
  return {
    open: () =>
      new Promise((resolve) => {
        const socket = connect({ host, port, signal: closing.signal });
        socket.setTimeout(OPEN_TIMEOUT_MS, () => socket.destroy());
        socket.on('error', () => undefined);
        socket.once('close', () => resolve(undefined));
        socket.once('connect', () => {
          socket.setTimeout(0);
          resolve(socket);
        });
      }),
    close: () => closing.abort(),
  };
}

/** Puts TLS over a connection; the server's part in it is ours, whoever connected (RFC 4217, 7). */
export function secured(socket: Socket, secureContext: SecureContext): TLSSocket {
  const secure = new TLSSocket(socket, { isServer: true, secureContext });
  secure.on('error', () => undefined);
  socket.on('error', () => secure.destroy());
  return secure;
}
