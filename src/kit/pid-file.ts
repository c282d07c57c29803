import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type EndOptions, endProcess, type ProcessIdentity } from './process-identity.ts';

export const processIdentitySchema = z.strictObject({ pid: z.int().positive(), startMark: z.string().min(1) });

/** Written synchronously right after spawning, so that a parent killed a moment later leaves no child that nobody knows. */
export function writePidFile(path: string, identity: ProcessIdentity): void {
  writeFileSync(path, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
}

export function readPidFile(path: string): ProcessIdentity | undefined {
  if (!existsSync(path)) return undefined;
  const parsed = processIdentitySchema.safeParse(parseJson(readFileSync(path, 'utf8')));
  return parsed.success ? parsed.data : undefined;
}

/** Ends the process that an earlier, killed parent left behind, and removes the file. */
export async function endRecorded(path: string, options: EndOptions): Promise<void> {
  const identity = readPidFile(path);
  if (identity !== undefined) await endProcess(identity, options);
  rmSync(path, { force: true });
}

/** A file cut short by a crash is no record. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
