import { err, ok, type Result } from '../domain/result.ts';
import type { Secret } from '../domain/secret.ts';
import { type BackupError, backupError } from './backup-error.ts';

/** Parameters of a DSN that have a variable of their own in libpq, section 34.15 of Postgres' manual. */
const VARIABLES: Readonly<Record<string, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
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
  named['PGSSLMODE'] = sslModeOf(url.searchParams);
  for (const [name, value] of url.searchParams) {
    const variable = VARIABLES[name];
    if (variable !== undefined) named[variable] = value;
  }
  const ours = Object.entries(named).filter(([, value]) => value !== '');
  const theirs = Object.entries(environment).filter(([name]) => !name.startsWith('PG'));
  return ok({ ...Object.fromEntries(theirs), PGCONNECT_TIMEOUT: '10', LC_ALL: 'C', ...Object.fromEntries(ours) });
}

/**
 * As strict as the Node client is: that one checks authority and name in all modes but `no-verify`, for which libpq needs a file that
 * names the authority. Without one it encrypts.
 */
function sslModeOf(parameters: URLSearchParams): string {
  const mode = parameters.get('sslmode') ?? parameters.get('ssl') ?? '';
  if (mode === 'disable') return mode;
  if (mode === 'no-verify') return 'require';
  if (parameters.has('sslrootcert')) return 'verify-full';
  if (mode.startsWith('verify-')) return mode;
  const isPlain = ['', '0'].includes(mode) && !parameters.has('sslcert');
  return isPlain ? '' : 'require';
}
