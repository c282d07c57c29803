import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { endRecorded } from './pid-file.ts';
import type { EndOptions } from './process-identity.ts';

/** For Postgres this is the "fast" way down; others know no difference to SIGTERM. */
const CLEANLY: EndOptions = { signal: 'SIGINT', graceMs: 10_000 };

/** Ends the children that a killed process left running. Only for a data dir that no live process holds, or the caller itself. */
export async function endLeftovers(dataDir: string, how: EndOptions = CLEANLY): Promise<void> {
  if (!existsSync(dataDir)) return;
  const pidFiles = readdirSync(dataDir).filter((file) => file.endsWith('.pid'));
  await Promise.all(pidFiles.map((file) => endRecorded(join(dataDir, file), how)));
}
