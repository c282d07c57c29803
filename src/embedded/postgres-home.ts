import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { canUse, type PostgresAccount } from './postgres-account.ts';
import { EmbeddedStackError } from './stack-error.ts';

/**
 * The folder of the database below the stack's data dir or, when the account that Postgres runs under cannot come there, below
 * `systemDir`; `<dataDir>/postgres.home` remembers which, so that data once written is never passed over for an empty folder.
 * Throws `POSTGRES_UNUSABLE`.
 */
export async function openPostgresHome(dataDir: string, account: PostgresAccount, systemDir: string): Promise<string> {
  const note = join(dataDir, 'postgres.home');
  const known = existsSync(note) ? readFileSync(note, 'utf8').trim() : undefined;
  if (known !== undefined) {
    if (await isUsable(known, account)) return known;
    throw new EmbeddedStackError(
      'POSTGRES_UNUSABLE',
      `the database of ${dataDir} is in ${known}, where uid ${account.uid} cannot come; check the rights of the folders above it`,
    );
  }
  const inside = join(realpathSync(dataDir), 'postgres');
  const outside = join(systemDir, 'data', createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 16));
  for (const home of [inside, outside]) {
    if (!(await isUsable(home, account))) continue;
    await writeFile(`${note}.new`, `${home}\n`);
    await rename(`${note}.new`, note);
    return home;
  }
  throw new EmbeddedStackError(
    'POSTGRES_UNUSABLE',
    `neither ${inside} nor ${outside} can be used by uid ${account.uid}, which Postgres runs under`,
  );
}

/** Removes the database of a data dir wherever it lies, also outside of it. Only while no stack runs there. */
export async function removePostgresHome(dataDir: string): Promise<void> {
  const note = join(dataDir, 'postgres.home');
  if (existsSync(note)) await rm(readFileSync(note, 'utf8').trim(), { recursive: true, force: true });
}

async function isUsable(home: string, account: PostgresAccount): Promise<boolean> {
  try {
    await mkdir(dirname(home), { recursive: true, mode: 0o711 });
    await mkdir(home, { recursive: true });
    if (account.spawnAs.uid !== undefined) await chown(home, account.uid, account.gid);
    await chmod(home, 0o700);
  } catch {
    return false;
  }
  return canUse(account, home);
}
