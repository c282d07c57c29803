import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { type AccessOptions, Client } from 'basic-ftp';

/** A port of the loopback address that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Logs in with basic-ftp; the caller closes. */
export async function logIn(port: number, options: Partial<AccessOptions> = {}): Promise<Client> {
  const client = new Client(10_000);
  try {
    await client.access({ host: '127.0.0.1', port, user: 'front', password: 'secret', ...options });
    return client;
  } catch (cause) {
    client.close();
    throw cause;
  }
}

export async function uploadBytes(client: Client, bytes: Uint8Array, name: string): Promise<void> {
  await client.uploadFrom(Readable.from([bytes]), name);
}

/** Runs curl or lftp to its end; answers with stdout, rejects with its stderr. */
export async function runClient(tool: 'curl' | 'lftp', args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(tool, args, { timeout: 30_000 });
  return stdout;
}

/** A control connection spoken to by hand. */
export interface RawClient {
  readonly socket: Socket;
  /** Sends a line; answers with the reply's last line. */
  say(line: string): Promise<string>;
  /** The next reply's last line. */
  hear(): Promise<string>;
  /** Enters passive mode, and answers with the port. */
  passive(): Promise<number>;
}

export async function speakRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.on('error', () => undefined);
  const heard: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  const take = (line: string): void => {
    const waiter = waiting.shift();
    if (waiter === undefined) heard.push(line);
    else waiter(line);
  };
  let rest = '';
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (/^\d{3} /.test(line)) take(line);
  });
  socket.once('close', () => {
    for (const waiter of waiting.splice(0)) waiter('closed');
    heard.push('closed');
  });
  const hear = (): Promise<string> => {
    const line = heard.shift();
    return line === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(line);
  };
  const say = (line: string): Promise<string> => {
    socket.write(`${line}\r\n`);
    return hear();
  };
  const passive = async (): Promise<number> => Number(/\|\|\|(\d+)\|/.exec(await say('EPSV'))?.[1]);
  return { socket, say, hear, passive };
}

/** A JPEG of a video's first frame. */
export async function pictureOf(video: string, path: string): Promise<Buffer> {
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', '-y', '-i', video, '-frames:v', '1', path]);
  return readFile(path);
}
