import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { endRecorded } from './pid-file.ts';

/** Ends the children that a killed process left running. Only for a data dir that no live process holds, or the caller itself. */
export async function endLeftovers(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return;
  const pidFiles = readdirSync(dataDir).filter((file) => file.endsWith('.pid'));
  // For Postgres this is the "fast" way down; the others know no difference to SIGTERM.
  await Promise.all(pidFiles.map((file) => endRecorded(join(dataDir, file), { signal: 'SIGINT', graceMs: 10_000 })));
}
