import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface BackupFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** When it was made, from its name. */
  readonly madeAt: string;
}

const NAME = /^homesec-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.dump$/;
export const PART_SUFFIX = '.part';
/** Longer than any backup may take: what is older has no process any more. */
const PART_IS_DEAD_AFTER_MS = 24 * 3_600_000;

/** `homesec-20261126T030000Z.dump`: sorts by time. @param now ISO 8601 in UTC. */
export const backupName = (now: string): string => `homesec-${now.slice(0, 19).replaceAll(/[-:]/g, '')}Z.dump`;

/** The finished backups in a folder, newest first; none where the folder is not there. Rejects with the system's error. */
export async function listBackups(dir: string): Promise<BackupFile[]> {
  const names = ((await orUndefined(readdir(dir))) ?? [])
    .filter((name) => NAME.test(name))
    .toSorted()
    .toReversed();
  const found = names.map(async (name) => {
    const path = join(dir, name);
    const stats = await orUndefined(stat(path));
    return stats === undefined ? [] : [{ name, path, sizeBytes: stats.size, madeAt: name.replace(NAME, '$1-$2-$3T$4:$5:$6Z') }];
  });
  return (await Promise.all(found)).flat();
}

/** Removes all but the newest, and what backups that were killed have left. The newest one always stays. @returns the names. */
export async function keepNewest(dir: string, keepCount: number, nowMs: number): Promise<string[]> {
  const surplus = (await listBackups(dir)).slice(Math.max(1, keepCount));
  for (const { path } of surplus) await rm(path, { force: true });
  for (const name of (await readdir(dir)).filter((each) => each.endsWith(PART_SUFFIX))) {
    const path = join(dir, name);
    const stats = await orUndefined(stat(path));
    if (stats !== undefined && stats.mtimeMs < nowMs - PART_IS_DEAD_AFTER_MS) await rm(path, { force: true });
  }
  return surplus.map(({ name }) => name);
}

/** Forces a file's bytes, or a folder's entries, to disk. */
export async function syncToDisk(path: string): Promise<void> {
  await using opened = await open(path, 'r');
  await opened.sync();
}

/** Of what is not there, or was a moment ago: another process may make a backup, too. */
async function orUndefined<T>(looked: Promise<T>): Promise<T | undefined> {
  try {
    return await looked;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}
