import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server on this machine that a test can shut, to see how its clients live without that server. */
export interface TcpDoor extends AsyncDisposable {
  readonly port: number;
  /** Lets clients in, as from the start. */
  open(): Promise<void>;
  /** Breaks all connections; new ones are refused, as if the server had stopped. */
  shut(): Promise<void>;
  /** Breaks all connections; new ones are taken and get no answer, as from a machine that hangs. */
  stall(): Promise<void>;
  /** Connections taken so far. */
  takenCount(): number;
}

export async function openTcpDoor(targetPort: number): Promise<TcpDoor> {
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  let taken = 0;

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const listen = async (onConnection: (socket: Socket) => void): Promise<void> => {
    await shut();
    const next = createServer((socket) => {
      taken += 1;
      onConnection(socket);
    });
    await new Promise<void>((resolve, reject) => next.once('error', reject).listen(port, '127.0.0.1', resolve));
    server = next;
    const address = next.address();
    if (address !== null && typeof address === 'object') port = address.port;
  };
  const open = (): Promise<void> =>
    listen((socket) => {
      const onward = connect(targetPort, '127.0.0.1');
      for (const each of [socket, onward]) keep(each);
      socket.pipe(onward).pipe(socket);
      socket.on('close', () => onward.destroy());
      onward.on('close', () => socket.destroy());
    });
  const shut = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    const closed = new Promise<void>((resolve) => (closing === undefined ? resolve() : closing.close(() => resolve())));
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  await open();
  return {
    get port() {
      return port;
    },
    open,
    shut,
    stall: () => listen(keep),
    takenCount: () => taken,
    [Symbol.asyncDispose]: shut,
  };
}
