import { spawnSync } from 'node:child_process';
import { EmbeddedStackError } from './stack-error.ts';

/** The account that Postgres runs under: the parent's own, or for root, which Postgres refuses, the user `postgres`. */
export interface PostgresAccount {
  readonly uid: number;
  readonly gid: number;
  /** To be spread into spawn options; empty when it is the parent's own. */
  readonly spawnAs: { readonly uid?: number; readonly gid?: number };
}

/** Creates the user for root when it is not there. Throws `POSTGRES_UNUSABLE` when it cannot. */
export function findPostgresAccount(userName = 'postgres'): PostgresAccount {
  const uid = process.getuid?.() ?? -1;
  const gid = process.getgid?.() ?? -1;
  if (uid !== 0) return { uid, gid, spawnAs: {} };
  const account = lookUp(userName) ?? create(userName);
  return { ...account, spawnAs: account };
}

function lookUp(userName: string): { uid: number; gid: number } | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, userName], { encoding: 'utf8' }));
  if (uid?.status !== 0 || gid?.status !== 0) return undefined;
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

function create(userName: string): { uid: number; gid: number } {
  const flags = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin'];
  const added = spawnSync('useradd', [...flags, userName], { encoding: 'utf8' });
  const account = lookUp(userName);
  if (account !== undefined) return account;
  const why = added.error?.message ?? added.stderr.trim();
  throw new EmbeddedStackError(
    'POSTGRES_UNUSABLE',
    `Postgres refuses to run as root, and the user ${userName} for it cannot be created (${why}); create it, or run as another user than root`,
  );
}

/** Whether the account may go into the folder and write there. Asked of the system itself: modes alone do not tell of ACLs and mounts. */
export function canUse(account: PostgresAccount, folder: string): boolean {
  const check = ['-c', 'test -d "$1" && test -x "$1" && test -w "$1"', 'sh', folder];
  return spawnSync('/bin/sh', check, { cwd: '/', stdio: 'ignore', ...account.spawnAs }).status === 0;
}
