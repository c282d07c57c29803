import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from './wait-until.ts';

export interface Broker {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** At once, as a crash would. Its port can then be given to a new one. */
  readonly kill: () => Promise<void>;
}

/** Where Debian puts the broker is not on everybody's PATH. */
const PATH = `${process.env['PATH']}:/usr/sbin`;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A real mosquitto. `settings` are lines of its configuration below the listener. */
export async function startMosquitto(settings: readonly string[], port?: number): Promise<Broker> {
  const chosen = port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), 'homesec-mosquitto-'));
  const file = join(folder, 'mosquitto.conf');
  // As root mosquitto would become another user, who may not read the test's files.
  const user = process.getuid?.() === 0 ? ['user root'] : [];
  await writeFile(file, [`listener ${chosen} 127.0.0.1`, 'persistence false', ...user, ...settings, ''].join('\n'));
  const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore', env: { ...process.env, PATH } });
  const kill = async () => {
    await killed(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([accepts(chosen), failed(child)]);
  } catch (error) {
    await kill();
    throw error;
  }
  return { host: '127.0.0.1', port: chosen, kill };
}

export interface Subscriber {
  /** `<topic> <retained: 0 or 1> <payload>`, as received. */
  readonly lines: readonly string[];
  readonly stop: () => Promise<void>;
}

/** A real `mosquitto_sub`, ready to receive when this returns. */
export async function subscribe(port: number, topic: string, more: readonly string[] = []): Promise<Subscriber> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-q', '2', '-t', topic, '-F', '%t %r %p', '-d', ...more];
  // Into a pipe it would write its debug lines by the block.
  const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH },
  });
  const lines: string[] = [];
  let rest = '';
  let isReady = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const all = (rest + text).split('\n');
    rest = all.pop() ?? '';
    for (const line of all) {
      if (line.startsWith('Subscribed (')) isReady = true;
      else if (!/^(Client|Subscribed|Connection)\b/.test(line)) lines.push(line);
    }
  });
  const stop = () => killed(child);
  await Promise.race([waitUntil('mosquitto_sub subscribed', () => isReady), failed(child)]).catch(async (error) => {
    await stop();
    throw error;
  });
  return { lines, stop };
}

/** One message by a real `mosquitto_pub`, retained. */
export async function publish(port: number, topic: string, payload: string): Promise<void> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-q', '1', '-r', '-t', topic, '-m', payload];
  const child = spawn('mosquitto_pub', args, { stdio: 'ignore', env: { ...process.env, PATH } });
  const code = await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}`);
}

async function accepts(port: number): Promise<void> {
  await waitUntil(
    `a listener on ${port}`,
    () =>
      new Promise<boolean>((resolve) => {
        const socket = tcpConnect(port, '127.0.0.1');
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
        socket.once('connect', () => socket.destroy());
      }),
  );
}

const failed = (child: ChildProcess): Promise<never> =>
  new Promise((_resolve, reject) => {
    child.once('error', (cause) => reject(new Error('mosquitto is not installed: make setup-test', { cause })));
    child.once('exit', (code, name) => reject(new Error(`${child.spawnfile} ended: ${name ?? code}`)));
  });

async function killed(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}
