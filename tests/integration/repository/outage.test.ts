import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.ts';
import { createClipRepository } from '../../../src/repository/clip-repository.ts';
import { migrate, pendingMigrations } from '../../../src/repository/migrate.ts';
import { openPool, type Pool, type PoolOptions } from '../../../src/repository/pool.ts';
import { type ClipDatabase, openClipDatabase } from '../../support/clip-database.ts';
import { createStory, NEW_EVENTS } from '../../support/clip-story.ts';
import { stack } from '../../support/stack.ts';
import { openTcpDoor, type TcpDoor } from '../../support/tcp-door.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

let database: ClipDatabase;
let door: TcpDoor;
let pools: Pool[];
const UNAVAILABLE = { kind: 'RepositoryError', code: 'DB_UNAVAILABLE', retryable: true };

beforeAll(async () => {
  database = await openClipDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  pools = [];
  door = await openTcpDoor(Number(new URL(database.dsn).port));
});
afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await door[Symbol.asyncDispose]();
});

/** Connections through the door. */
function poolBehindDoor(options?: PoolOptions): Pool {
  const dsn = new URL(database.dsn);
  dsn.port = String(door.port);
  const pool = openPool(new Secret(dsn.href), options);
  pools.push(pool);
  return pool;
}

describe('Postgres away', () => {
  it('at start is an error of each call, and over when it comes', async () => {
    // Given a repository whose Postgres is not there
    await door.shut();
    const pool = poolBehindDoor();
    const repository = createClipRepository(pool);
    const story = createStory();
    // When everything is asked of it
    const errors = [
      await repository.append(story.clipId, [story.recorded()]),
      await repository.get(story.clipId),
      await repository.events(story.clipId),
      await repository.list({}, { limit: 10 }),
      await repository.countSince('2026-01-01T00:00:00.000Z'),
      await repository.rebuild(),
      await repository.ping(),
      await migrate(pool),
      await pendingMigrations(pool),
    ].map((result) => errorOf(result));
    // Then each call says so and may be repeated; the same repository works once Postgres is there
    for (const error of errors) expect(error).toMatchObject({ ...UNAVAILABLE, message: expect.stringContaining('ECONNREFUSED') });
    await door.open();
    expect(valueOf(await repository.ping())).toBeUndefined();
    expect(valueOf(await repository.append(story.clipId, [story.recorded()]))).toMatchObject({ status: 'queued_local' });
  });

  it('while nobody asks is not noticed by who asks later', async () => {
    // Given a repository with an idle connection
    const lost: Error[] = [];
    const repository = createClipRepository(poolBehindDoor({ onConnectionLost: (error) => lost.push(error) }));
    valueOf(await repository.ping());
    // When the connection breaks and Postgres is back
    await door.shut();
    await waitUntil('the lost connection', () => lost.length > 0);
    await door.open();
    // Then the next call just works
    expect(valueOf(await repository.ping())).toBeUndefined();
  });

  it('in mid-transaction undoes the write as a whole and ends no process', async () => {
    // Given a write that waits for its clip, which somebody else holds
    const repository = createClipRepository(poolBehindDoor());
    const story = createStory();
    const events = [story.recorded(), story.emit(NEW_EVENTS.upload_completed)];
    const holder = await database.pool.connect();
    await holder.query('begin');
    await holder.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [story.clipId]);
    const writing = repository.append(story.clipId, events);
    await waitUntil('the write to wait', async () => {
      const { rows } = await database.pool.query(`select 1 from pg_locks where locktype = 'advisory' and not granted`);
      return rows.length > 0;
    });
    // When its connection breaks
    await door.shut();
    const error = errorOf(await writing);
    await holder.query('commit');
    holder.release();
    // Then nothing is written, and the same call later writes all
    expect(error).toMatchObject(UNAVAILABLE);
    const direct = createClipRepository(database.pool);
    expect(valueOf(await direct.events(story.clipId))).toEqual([]);
    await door.open();
    expect(valueOf(await repository.append(story.clipId, events))).toMatchObject({ status: 'uploaded' });
  });

  it('between two statements of a transaction ends no process', async () => {
    // Given a transaction in which nothing is asked at the moment
    const pool = poolBehindDoor();
    const client = await pool.connect();
    await client.query('begin');
    // When its connection breaks
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    await door.shut();
    await ended;
    // Then that shows at the next statement, and nowhere else
    await expect(client.query('select 1')).rejects.toThrow();
    client.release(true);
    await door.open();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('without a word is given up after a while', async () => {
    // Given a machine that takes connections and says nothing
    await door.stall();
    const repository = createClipRepository(poolBehindDoor({ connectTimeoutMs: 200 }));
    // When it is asked
    const error = errorOf(await repository.ping());
    // Then the call ends
    expect(error).toMatchObject(UNAVAILABLE);
  });
});

describe('Postgres there, but', () => {
  it('too slow: the statement is ended', async () => {
    // Given a clip that somebody holds for long
    const pool = openPool(new Secret(database.dsn), { statementTimeoutMs: 2000 });
    pools.push(pool);
    const story = createStory();
    const holder = await database.pool.connect();
    await holder.query('begin');
    await holder.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [story.clipId]);
    // When another writes to it
    const error = errorOf(await createClipRepository(pool).append(story.clipId, [story.recorded()]));
    await holder.query('rollback');
    holder.release();
    // Then it may try again
    expect(error).toMatchObject({ ...UNAVAILABLE, message: expect.stringContaining('statement timeout') });
  });

  it('not migrated yet: a write waits for that', async () => {
    // Given a database without tables
    const empty = await stack.createDatabase();
    const pool = openPool(new Secret(empty.dsn));
    const repository = createClipRepository(pool);
    const story = createStory();
    // When an event comes before the migration
    const early = errorOf(await repository.append(story.clipId, [story.recorded()]));
    valueOf(await migrate(pool));
    const late = await repository.append(story.clipId, [story.recorded()]);
    await pool.end();
    await empty.drop();
    // Then it was not refused for good
    expect(early).toMatchObject(UNAVAILABLE);
    expect(late.ok).toBe(true);
  });

  it.each([
    ['with another password', (dsn: URL) => Object.assign(dsn, { password: 'hunter2' }).href],
    ['without that database', (dsn: URL) => Object.assign(dsn, { password: 'hunter2', pathname: '/nowhere' }).href],
    ['by an address that is none', () => 'postgres://me:hunter2@[nonsense/x'],
  ])('%s: an error that shows no secret', async (_what, wrong) => {
    // Given a connection string that does not fit
    const pool = openPool(new Secret(wrong(new URL(database.dsn))));
    pools.push(pool);
    // When Postgres is asked
    const error = errorOf(await createClipRepository(pool).ping());
    // Then the owner may put it right, and reads no password
    expect(error).toMatchObject(UNAVAILABLE);
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });
});
