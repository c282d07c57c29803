import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { z } from 'zod';
import { processIdentitySchema } from '../kit/pid-file.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../kit/process-identity.ts';
import { EmbeddedStackError } from './stack-error.ts';

const endpointsSchema = z.strictObject({
  /** The process that holds the stack. */
  pid: z.int().positive(),
  temporalAddress: z.string().optional(),
  temporalUiUrl: z.string().optional(),
  postgresDsn: z.string().optional(),
  mqttUrl: z.string().optional(),
});
const recordSchema = z.strictObject({ owner: processIdentitySchema, endpoints: endpointsSchema.optional() });

/** Where the parts of a running stack are to be reached. A part that was not started has none. `postgresDsn` holds a password. */
export type StackEndpoints = z.infer<typeof endpointsSchema>;

export interface StackClaim {
  publish(endpoints: StackEndpoints): Promise<void>;
  release(): Promise<void>;
}

const recordPath = (dataDir: string): string => join(dataDir, 'embedded.json');

/** The endpoints of the stack on this data dir; undefined when none runs or it is still starting. */
export function readEndpoints(dataDir: string): StackEndpoints | undefined {
  return readOwned(dataDir)?.endpoints;
}

/** The process that holds the stack on this data dir, while it lives. */
export function readOwner(dataDir: string): ProcessIdentity | undefined {
  return readOwned(dataDir)?.owner;
}

/** Takes the data dir for this process. Throws `STACK_IN_USE` while another stack, also one of this process, holds it. */
export async function claimStack(dataDir: string): Promise<StackClaim> {
  // Root's Postgres runs under an account of its own, which has to pass through; what is secret in here is 0600 by itself.
  await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const owner = identifyProcess(process.pid);
  if (owner === undefined)
    throw new EmbeddedStackError(
      'STACK_IN_USE',
      'the start time of this process cannot be read (is /proc mounted, is ps there?)',
    );
  await exclusively(dataDir, async () => {
    const holder = readOwner(dataDir);
    if (holder !== undefined) {
      throw new EmbeddedStackError(
        'STACK_IN_USE',
        `the embedded stack in ${dataDir} already runs in process ${holder.pid}; use that one, stop it, or give this one a data dir of its own`,
      );
    }
    await write(dataDir, { owner });
  });
  return {
    publish: (endpoints) => write(dataDir, { owner, endpoints }),
    release: async () => rmSync(recordPath(dataDir), { force: true }),
  };
}

/** Covers the moment between reading who holds the data dir and writing that we do. Held for milliseconds. */
async function exclusively(dataDir: string, act: () => Promise<void>): Promise<void> {
  const unlock = await lock(dataDir, {
    lockfilePath: join(dataDir, 'embedded.lock'),
    stale: 5_000,
    retries: { retries: 100, factor: 1, minTimeout: 100, maxTimeout: 100 },
  });
  try {
    await act();
  } finally {
    await unlock();
  }
}

async function write(dataDir: string, record: z.infer<typeof recordSchema>): Promise<void> {
  const path = recordPath(dataDir);
  await writeFile(`${path}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function readOwned(dataDir: string): z.infer<typeof recordSchema> | undefined {
  const path = recordPath(dataDir);
  if (!existsSync(path)) return undefined;
  const parsed = recordSchema.safeParse(parseJson(readFileSync(path, 'utf8')));
  return parsed.success && isAlive(parsed.data.owner) ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut short by a crash; the stack that wrote it is gone.
    return undefined;
  }
}
