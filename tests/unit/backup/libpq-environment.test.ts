import { describe, expect, it } from 'vitest';
import { libpqEnvironment } from '../../../src/backup/libpq-environment.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { valueOf } from '../../support/value-of.ts';

const environmentOf = (dsn: string, ambient: NodeJS.ProcessEnv = {}) => valueOf(libpqEnvironment(new Secret(dsn), ambient));

describe('the environment for pg_dump', () => {
  it('says all that the DSN says', () => {
    // Given
    const dsn = 'postgresql://ada%40home:p%2Fw@[::1]:6432/clips?sslmode=verify-full&sslrootcert=/etc/ca.pem';
    // When
    const environment = environmentOf(dsn);
    // Then
    expect(environment).toMatchObject({
      ...{ PGHOST: '::1', PGPORT: '6432', PGUSER: 'ada@home', PGPASSWORD: 'p/w', PGDATABASE: 'clips' },
      ...{ PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/etc/ca.pem' },
    });
  });

  it('ignores what the shell says of another Postgres, and keeps the rest', () => {
    // Given
    const ambient = { PATH: '/bin', PGHOST: 'elsewhere', PGSERVICE: 'other', PGOPTIONS: '-c search_path=x' };
    // When
    const environment = environmentOf('postgres://ada@here/clips', ambient);
    // Then
    expect(environment).toEqual({
      ...{ PATH: '/bin', LC_ALL: 'C', PGCONNECT_TIMEOUT: '10', PGHOST: 'here', PGUSER: 'ada', PGDATABASE: 'clips' },
    });
  });

  it.each([
    ['sslmode=no-verify', 'require'],
    ['ssl=true', 'require'],
    ['ssl=0', undefined],
    ['sslmode=prefer', 'require'],
    ['sslmode=require&sslrootcert=/etc/ca.pem', 'verify-full'],
    ['sslrootcert=/etc/ca.pem', 'verify-full'],
    ['sslmode=no-verify&sslrootcert=/etc/ca.pem', 'require'],
    ['sslmode=verify-ca', 'verify-ca'],
    ['sslmode=disable', 'disable'],
    ['', undefined],
  ])('encrypts as the Node client does for %s', (query, mode) => {
    // Given
    const dsn = `postgres://ada@here/clips?${query}`;
    // When
    const environment = environmentOf(dsn);
    // Then
    expect(environment['PGSSLMODE']).toBe(mode);
  });

  it('finds a socket, in the host or as a parameter', () => {
    // Given
    const dsns = ['postgres://%2Fvar%2Frun%2Fpg/clips', 'postgres:///clips?host=/var/run/pg'];
    // When
    const hosts = dsns.map((dsn) => environmentOf(dsn)['PGHOST']);
    // Then
    expect(hosts).toEqual(['/var/run/pg', '/var/run/pg']);
  });

  it.each(['host=here dbname=clips', 'mysql://here/clips', ''])('says that it cannot use %j, without repeating it', (dsn) => {
    // Given
    const secret = new Secret(dsn);
    // When
    const environment = libpqEnvironment(secret);
    // Then
    expect(environment).toMatchObject({ ok: false, error: { code: 'BACKUP_DSN_UNUSABLE' } });
    expect(JSON.stringify(environment)).not.toContain('here');
  });
});
