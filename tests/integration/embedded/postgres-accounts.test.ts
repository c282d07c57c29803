import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPostgresAccount } from '../../../src/embedded/postgres-account.ts';
import { findPostgresBinaries, findPostgresPackage } from '../../../src/embedded/postgres-binaries.ts';
import { makeDataDir } from '../../support/data-dir.ts';
import { holdStack } from '../../support/held-stack.ts';
import { openStack } from '../../support/open-stack.ts';
import { query } from '../../support/query.ts';

const ONLY_POSTGRES = { temporal: false, broker: false, relaxed: true } as const;
const NOBODY = 65_534;

describe('the accounts that Postgres runs under', () => {
  it('works where its own account cannot enter the data dir, and finds the data there again', async () => {
    // Given
    using dataDir = makeDataDir({ isPrivate: true });
    using system = makeDataDir();
    const options = { ...ONLY_POSTGRES, dataDir: dataDir.path, systemDir: system.path };
    const first = await openStack(options);
    await query(first.endpoints.postgresDsn, 'create table kept as select 7 as number');
    await first.close();
    // When: opened to all, the data dir would be usable now, but the data is elsewhere
    chmodSync(dataDir.path, 0o711);
    await using second = await openStack(options);
    // Then
    expect(await query(second.endpoints.postgresDsn, 'select number from kept')).toEqual([{ number: 7 }]);
  });

  it('works where its own account cannot enter the checkout', async () => {
    // Given
    using checkout = makeDataDir({ isPrivate: true });
    using system = makeDataDir();
    const packageDir = join(checkout.path, 'package');
    cpSync(findPostgresPackage(), packageDir, { recursive: true, verbatimSymlinks: true });
    const account = findPostgresAccount();
    // When
    const binaries = await findPostgresBinaries(account, system.path, packageDir);
    // Then
    const mustMove = account.spawnAs.uid !== undefined;
    expect(binaries.postgres.startsWith(mustMove ? system.path : checkout.path)).toBe(true);
    const again = await findPostgresBinaries(account, system.path, packageDir);
    expect(again).toEqual(binaries);
    expect(mustMove ? readdirSync(join(system.path, 'bin')) : [1]).toHaveLength(1);
  });

  it('works after an npm that ran no install scripts', async () => {
    // Given
    using checkout = makeDataDir();
    using system = makeDataDir();
    const packageDir = join(checkout.path, 'package');
    cpSync(findPostgresPackage(), packageDir, { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(readFileSync(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8')) as readonly {
      readonly target: string;
    }[];
    for (const { target } of links) rmSync(join(packageDir, target));
    // When
    const binaries = await findPostgresBinaries(findPostgresAccount(), system.path, packageDir);
    // Then
    expect(dirname(dirname(binaries.postgres))).toBe(join(packageDir, 'native'));
    expect(links.every(({ target }) => existsSync(join(packageDir, target)))).toBe(true);
  });

  it('runs under an ordinary user', async () => {
    // Given: root makes the binaries reachable, as an installation would, and steps down
    using dataDir = makeDataDir();
    using installation = makeDataDir();
    const postgresPackageDir = join(installation.path, 'package');
    cpSync(findPostgresPackage(), postgresPackageDir, { recursive: true, verbatimSymlinks: true });
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(dataDir.path, NOBODY, NOBODY);
    // When
    await using held = await holdStack({
      dataDir: dataDir.path,
      postgresPackageDir,
      temporal: false,
      broker: false,
      ...(isRoot ? { runAsUid: NOBODY } : {}),
    });
    // Then
    expect(await query(held.endpoints.postgresDsn, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('begins anew where an earlier start was killed while creating the database', async () => {
    // Given
    using dataDir = makeDataDir();
    const torn = join(dataDir.path, 'postgres', 'cluster.new');
    mkdirSync(torn, { recursive: true });
    writeFileSync(join(torn, 'PG_VERSION'), '15\n');
    // When
    await using stack = await openStack({ ...ONLY_POSTGRES, dataDir: dataDir.path });
    // Then
    expect(await query(stack.endpoints.postgresDsn, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('does not touch the data of another major version', async () => {
    // Given
    using dataDir = makeDataDir();
    const cluster = join(dataDir.path, 'postgres', 'cluster');
    mkdirSync(cluster, { recursive: true });
    writeFileSync(join(cluster, 'PG_VERSION'), '13\n');
    // When
    const opening = openStack({ ...ONLY_POSTGRES, dataDir: dataDir.path });
    // Then
    await expect(opening).rejects.toMatchObject({
      code: 'POSTGRES_UNUSABLE',
      message: expect.stringContaining('written by Postgres 13'),
    });
    expect(readdirSync(cluster)).toEqual(['PG_VERSION']);
  });
});
