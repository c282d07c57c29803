import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endRecorded } from './pid-file.ts';
import { endProcess } from './process-identity.ts';
import { readEndpoints, readOwner, type StackEndpoints } from './stack-file.ts';

/** Ends the process that holds the stack on this data dir, and with it the stack. False when none runs. */
export async function stopEmbeddedStack(dataDir: string): Promise<boolean> {
  const owner = readOwner(dataDir);
  if (owner === undefined) return false;
  // Its children get 10 s each to end cleanly.
  await endProcess(owner, { signal: 'SIGTERM', graceMs: 30_000 });
  await endLeftovers(dataDir);
  return true;
}

/** Ends what a killed process left running of its stack. A stack that is held by a live process is not touched. */
export async function endLeftovers(dataDir: string): Promise<void> {
  if (!existsSync(dataDir) || readOwner(dataDir) !== undefined) return;
  const pidFiles = readdirSync(dataDir).filter((file) => file.endsWith('.pid'));
  await Promise.all(pidFiles.map((file) => endRecorded(join(dataDir, file), { signal: 'SIGINT', graceMs: 10_000 })));
}

/** Waits for a stack that another process is starting; undefined when it is not there in time. */
export async function awaitEndpoints(dataDir: string, timeoutMs: number): Promise<StackEndpoints | undefined> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const endpoints = readEndpoints(dataDir);
    if (endpoints !== undefined || Date.now() >= deadline) return endpoints;
    await delay(50);
  }
}
