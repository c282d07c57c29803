import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.ts';
import { findPostgresAccount } from '../../../src/embedded/postgres-account.ts';
import { pendingMigrations } from '../../../src/repository/migrate.ts';
import { openPool } from '../../../src/repository/pool.ts';
import { stack } from '../../support/stack.ts';
import { createTlsFiles, type TlsFiles } from '../../support/tls-files.ts';
import { errorOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

let folder: string;
let files: TlsFiles;
let admin: pg.Client;
beforeAll(async () => {
  // Where Postgres, which may run under an account of its own, can read its key.
  folder = mkdtempSync('/tmp/homesec-pg-tls-');
  chmodSync(folder, 0o711);
  files = createTlsFiles(folder, 'pg', 'DNS:localhost');
  const { uid, gid, spawnAs } = findPostgresAccount();
  if (spawnAs.uid !== undefined) for (const file of [files.keyFile, files.certFile]) chownSync(file, uid, gid);
  admin = new pg.Client({ connectionString: stack.postgresDsn });
  await admin.connect();
  // For new connections only, and those without TLS go on: the tests beside do not notice.
  await set({ ssl_cert_file: `'${files.certFile}'`, ssl_key_file: `'${files.keyFile}'`, ssl: 'on' });
  await waitUntil('a Postgres with TLS', async () => (await admin.query('show ssl')).rows[0].ssl === 'on');
});
afterAll(async () => {
  await set({ ssl: 'off' });
  await admin.end();
  rmSync(folder, { recursive: true, force: true });
});

async function set(settings: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) await admin.query(`alter system set ${name} = ${value}`);
  await admin.query('select pg_reload_conf()');
}

function dsn(host: string, parameters: Readonly<Record<string, string>>): Secret {
  const url = new URL(stack.postgresDsn);
  url.hostname = host;
  url.search = new URLSearchParams(parameters).toString();
  return new Secret(url.href);
}

/** The TLS version of a connection of ours; undefined: none. */
async function tlsOf(address: Secret): Promise<string | undefined> {
  const pool = openPool(address, { max: 1 });
  try {
    const { rows } = await pool.query('select version from pg_stat_ssl where pid = pg_backend_pid() and ssl');
    return rows[0]?.version;
  } finally {
    await pool.end();
  }
}

describe('a Postgres with TLS', () => {
  it('is spoken to by TLS, checked against authority and name', async () => {
    // When
    const version = await tlsOf(dsn('localhost', { sslmode: 'verify-full', sslrootcert: files.caFile }));
    // Then
    expect(version).toMatch(/^TLSv1/);
  });

  it.each([
    [
      'the name is another one',
      '127.0.0.1',
      () => ({ sslmode: 'verify-full', sslrootcert: files.caFile }),
      /does not match certificate/,
    ],
    ['nobody knows the authority', 'localhost', () => ({ sslmode: 'verify-full' }), /verify the first certificate/],
    // As verify-full, unlike in libpq: nothing is checked less than it seems.
    ['it is only required', 'localhost', () => ({ sslmode: 'require' }), /verify the first certificate/],
    [
      'the file is not there',
      'localhost',
      () => ({ sslmode: 'verify-full', sslrootcert: '/none/ca.pem' }),
      /ENOENT.*\/none\/ca.pem/,
    ],
  ])('is not spoken to when %s; the message says so, without the password', async (_when, host, parameters, words) => {
    // Given
    const address = dsn(host, parameters());
    const pool = openPool(address, { max: 1 });
    // When
    const { code, message } = errorOf(await pendingMigrations(pool));
    await pool.end();
    // Then
    expect(code).toBe('DB_UNAVAILABLE');
    expect(message).toMatch(words);
    expect(message).not.toContain(new URL(address.reveal()).password);
  });
});
