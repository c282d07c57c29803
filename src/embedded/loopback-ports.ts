import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { EmbeddedStackError } from './stack-error.ts';

// Below the range that Linux and macOS hand out for outgoing connections, any of which could sit on the port at the next start.
const LOWEST = 20_000;
const HIGHEST = 32_000;
/** A port of the run before may take a moment to be free again. */
const PATIENCE_MS = 3_000;

const portsSchema = z.record(z.string(), z.int().min(1).max(65_535));

export interface PortAssignment {
  /** JSON file that keeps the choice, so that a restart serves at the same addresses. */
  readonly file: string;
  /** By name; a number is the owner's wish, undefined takes the kept or a free one. */
  readonly wanted: Readonly<Record<string, number | undefined>>;
  readonly onMoved: (name: string, from: number, to: number) => void;
}

/** One free port on 127.0.0.1 for each name in `wanted`. Throws `STACK_PORT_TAKEN` when a port that the owner chose is in use. */
export async function assignPorts(assignment: PortAssignment): Promise<Readonly<Record<string, number>>> {
  const kept = readKept(assignment.file);
  const ports: Record<string, number> = {};
  for (const [name, wished] of Object.entries(assignment.wanted)) {
    const before = kept[name];
    const port = await (wished === undefined ? keptOrFree(before, Object.values(ports)) : asWished(name, wished));
    if (wished === undefined && before !== undefined && before !== port) assignment.onMoved(name, before, port);
    ports[name] = port;
  }
  await writeFile(`${assignment.file}.new`, `${JSON.stringify({ ...kept, ...ports })}\n`, { mode: 0o600 });
  await rename(`${assignment.file}.new`, assignment.file);
  return ports;
}

async function asWished(name: string, port: number): Promise<number> {
  if (await becomesFree(port)) return port;
  throw new EmbeddedStackError(
    'STACK_PORT_TAKEN',
    `port ${port}, chosen for ${name}, is in use by another program; end it or choose another port`,
  );
}

async function keptOrFree(kept: number | undefined, taken: readonly number[]): Promise<number> {
  if (kept !== undefined && (await becomesFree(kept))) return kept;
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
}

async function becomesFree(port: number): Promise<boolean> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isFree(port))) {
    if (Date.now() >= deadline) return false;
    await delay(50);
  }
  return true;
}

/** Whether this process could listen on it now. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A damaged file costs the addresses of the run before, nothing else. */
function readKept(file: string): Readonly<Record<string, number>> {
  if (!existsSync(file)) return {};
  try {
    return portsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
