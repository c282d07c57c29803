import { err, ok, type Result } from '../domain/result.ts';
import type { Secret } from '../domain/secret.ts';
import { type BackupError, backupError } from './backup-error.ts';

/** Parameters of a DSN that have a variable of their own in libpq, section 34.15 of Postgres' manual. */
const VARIABLES: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  sslmode: 'PGSSLMODE',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslrootcert: 'PGSSLROOTCERT',
  options: 'PGOPTIONS',
};

/**
 * The environment in which Postgres' own programs find the database of a DSN: nothing of it on a command line, where every
 * user of the machine could read the password, and none of the variables by which a shell may point elsewhere.
 */
export function libpqEnvironment(
  dsn: Secret,
  environment: NodeJS.ProcessEnv = process.env,
): Result<NodeJS.ProcessEnv, BackupError> {
  const url = URL.parse(dsn.reveal());
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    return err(
      backupError('BACKUP_DSN_UNUSABLE', 'the DSN of Postgres does not read postgres://user:password@host:port/database'),
    );
  }
  const named: Record<string, string> = {
    PGHOST: decodeURIComponent(url.hostname).replaceAll(/^\[|\]$/g, ''),
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
  };
  if (url.searchParams.has('ssl')) named['PGSSLMODE'] = 'require';
  for (const [name, value] of url.searchParams) {
    const variable = VARIABLES[name];
    // What the Node client calls `no-verify`, libpq calls `require`.
    if (variable !== undefined) named[variable] = value === 'no-verify' ? 'require' : value;
  }
  const ours = Object.entries(named).filter(([, value]) => value !== '');
  const theirs = Object.entries(environment).filter(([name]) => !name.startsWith('PG'));
  return ok({ ...Object.fromEntries(theirs), PGCONNECT_TIMEOUT: '10', LC_ALL: 'C', ...Object.fromEntries(ours) });
}
