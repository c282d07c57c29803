import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.ts';
import { migrate, pendingMigrations } from '../../../src/repository/migrate.ts';
import { openPool, type Pool } from '../../../src/repository/pool.ts';
import { stack, type TestDatabase } from '../../support/stack.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

const MIGRATIONS = join(import.meta.dirname, '../../../migrations');
const TABLES = ['analysis_runs', 'camera_events', 'camera_states', 'clip_events', 'clip_states', 'logs', 'schema_migrations'];
let database: TestDatabase;
let pool: Pool;
/** A copy of the migrations that a test may change. */
let folder: string;
let names: string[];

beforeEach(async () => {
  database = await stack.createDatabase();
  pool = openPool(new Secret(database.dsn));
  folder = await mkdtemp(join(tmpdir(), 'homesec-migrations-'));
  await cp(MIGRATIONS, folder, { recursive: true });
  names = (await readdir(MIGRATIONS)).toSorted();
});
afterEach(async () => {
  await pool.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

const numbered = (offset: number, name: string): string => `${String(names.length + offset).padStart(4, '0')}_${name}.sql`;

async function tables(): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
  );
  return rows.map(({ name }) => name);
}

describe('migrate', () => {
  it('brings an empty database up to date, once', async () => {
    // Given an empty database
    expect(valueOf(await pendingMigrations(pool))).toEqual(names);
    // When it is migrated twice
    const told: string[] = [];
    const first = valueOf(await migrate(pool, { onApplied: (name) => told.push(name) }));
    const second = valueOf(await migrate(pool));
    // Then the first did everything, told so, and nothing was left for the second
    expect([first, told, second]).toEqual([names, names, []]);
    expect(await tables()).toEqual(TABLES);
    expect(valueOf(await pendingMigrations(pool))).toEqual([]);
  });

  it('may be done by many processes at the same moment', async () => {
    // Given eight processes that start together, and a migration that cannot be applied twice
    await writeFile(
      join(folder, numbered(1, 'once')),
      'create table once (id integer); select pg_sleep(0.2); insert into once values (1);',
    );
    const pools = Array.from({ length: 8 }, () => openPool(new Secret(database.dsn)));
    // When all of them migrate
    const results = await Promise.all(pools.map((each) => migrate(each, { folder })));
    await Promise.all(pools.map((each) => each.end()));
    // Then all succeed, and each migration was applied by exactly one of them
    expect(results.flatMap(valueOf).toSorted()).toEqual([...names, numbered(1, 'once')]);
    expect((await pool.query('select * from once')).rows).toEqual([{ id: 1 }]);
  });

  it('refuses a file that was edited after it had been applied', async () => {
    // Given a migrated database
    valueOf(await migrate(pool, { folder }));
    const [first = ''] = names;
    const sql = await readFile(join(folder, first), 'utf8');
    // When line ends of a file change, and when its text does
    await writeFile(join(folder, first), sql.replaceAll('\n', '\r\n'));
    const lineEnds = await migrate(pool, { folder });
    await writeFile(join(folder, first), `${sql}-- one more thing\n`);
    const edited = errorOf(await migrate(pool, { folder }));
    const pending = errorOf(await pendingMigrations(pool, { folder }));
    // Then only the latter is an error, and it names the file and the way out
    expect(lineEnds.ok).toBe(true);
    for (const error of [edited, pending]) {
      expect(error).toMatchObject({ code: 'MIGRATION_EDITED', retryable: false, message: expect.stringContaining(first) });
      expect(error.message).toContain('new migration');
    }
  });

  it('refuses a database that a newer version has migrated', async () => {
    // Given a database of the next version
    await writeFile(join(folder, numbered(1, 'future')), 'create table future (id integer)');
    valueOf(await migrate(pool, { folder }));
    // When this version comes to it
    const error = errorOf(await migrate(pool));
    // Then it says whose database that is and what to do
    expect(error).toMatchObject({
      code: 'SCHEMA_NEWER',
      retryable: false,
      message: expect.stringContaining(numbered(1, 'future')),
    });
    expect(error.message).toContain('run the newer version');
  });

  it('leaves no trace of a file that fails, and names it', async () => {
    // Given a migration that breaks half-way
    await writeFile(join(folder, numbered(1, 'broken')), 'create table half (id integer); insert into nowhere values (1);');
    // When the database is migrated
    const error = errorOf(await migrate(pool, { folder }));
    // Then what came before is there, of the broken one nothing, and once mended it is applied
    expect(error.message).toContain(`cannot apply ${numbered(1, 'broken')}`);
    expect(await tables()).toEqual(TABLES);
    await writeFile(join(folder, numbered(1, 'broken')), 'create table half (id integer)');
    expect(valueOf(await migrate(pool, { folder }))).toEqual([numbered(1, 'broken')]);
  });

  it('takes its time where other statements may not', async () => {
    // Given connections with a short limit, and a migration that takes longer
    const hasty = openPool(new Secret(database.dsn), { statementTimeoutMs: 2000 });
    await writeFile(join(folder, numbered(1, 'slow')), 'select pg_sleep(4.5)');
    // When it is applied
    const result = await migrate(hasty, { folder });
    await hasty.end();
    // Then the limit does not count
    expect(result.ok).toBe(true);
  });

  it.each([
    ['a gap', (): string => numbered(2, 'gap')],
    ['a number that is taken', (): string => numbered(0, 'twin')],
    ['another form of name', (): string => 'add-things.sql'],
  ])('refuses files with %s', async (_what, name) => {
    // Given files of which nobody knows the order
    await writeFile(join(folder, name()), 'select 1');
    // When the database is migrated
    const error = errorOf(await migrate(pool, { folder }));
    // Then nothing is applied at all
    expect(error).toMatchObject({ code: 'MIGRATION_FILES_INVALID', message: expect.stringContaining('0001_name.sql') });
    expect(await tables()).toEqual([]);
  });
});
