import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Secret } from '../../../src/domain/secret.ts';
import { createLogger, withContext } from '../../../src/kit/logger.ts';
import { type LogWriter, openLogWriter } from '../../../src/repository/log-writer.ts';
import { openPool, type Pool, type PoolOptions } from '../../../src/repository/pool.ts';
import { type ClipDatabase, openClipDatabase } from '../../support/clip-database.ts';
import { openTcpDoor, type TcpDoor } from '../../support/tcp-door.ts';
import { waitUntil } from '../../support/wait-until.ts';

let database: ClipDatabase;
let door: TcpDoor;
let pool: Pool;
const writers: LogWriter[] = [];
const QUICK = { flushEveryMs: 5, backoff: { initialMs: 5, maxMs: 20 } };

beforeAll(async () => {
  database = await openClipDatabase();
  door = await openTcpDoor(Number(new URL(database.dsn).port));
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await door[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.pool.query('truncate logs');
  pool = poolBehindDoor();
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.close(100)));
  await door.open();
  await pool.end();
});

function poolBehindDoor(options?: PoolOptions): Pool {
  const dsn = new URL(database.dsn);
  dsn.port = String(door.port);
  return openPool(new Secret(dsn.href), options);
}

function open(options: Parameters<typeof openLogWriter>[1] = QUICK): LogWriter {
  const writer = openLogWriter(pool, options);
  writers.push(writer);
  return writer;
}

const line = (fields: object): string =>
  `${JSON.stringify({ level: 'info', time: '2026-11-23T02:27:00.123Z', event_type: 'recording_start', ...fields })}\n`;

async function payloads(): Promise<Record<string, unknown>[]> {
  const { rows } = await database.pool.query<{ payload: Record<string, unknown> }>('select payload from logs order by id');
  return rows.map(({ payload }) => payload);
}

it('keeps warnings, errors and what carries an event type, with their context and without credentials', async () => {
  // Given a logger that shows only errors, and the writer behind it
  const writer = open();
  const shown: string[] = [];
  const logger = createLogger({ level: 'error', write: (text) => shown.push(text), telemetry: writer.write });
  const camera = withContext(logger, { cameraName: 'Front Door', clipId: 'c1', recordingId: 'r1' });
  // When lines of all kinds are logged
  camera.info({ event_type: 'recording_start', url: 'rtsp://admin:hunter2@cam/1' }, 'recording');
  camera.info({ note: 'no "event_type": here' }, 'chatter');
  camera.debug({ event_type: 'too_fine' }, 'debug');
  camera.warn({ err: new Error('lost') }, 'camera lost');
  camera.error({}, 'camera gone');
  await writer.close();
  // Then these stand in the table, under the time at which they happened
  expect(await payloads()).toEqual([
    expect.objectContaining({
      level: 'info',
      event_type: 'recording_start',
      camera_name: 'Front Door',
      clip_id: 'c1',
      recording_id: 'r1',
      url: 'rtsp://[redacted]@cam/1',
      msg: 'recording',
    }),
    expect.objectContaining({ level: 'warn', msg: 'camera lost', err: expect.objectContaining({ message: 'lost' }) }),
    expect.objectContaining({ level: 'error', msg: 'camera gone' }),
  ]);
  expect(shown).toHaveLength(1);
  const { rows } = await database.pool.query(
    `select count(*)::int as count from logs where ts <> (payload ->> 'time')::timestamptz`,
  );
  expect(rows[0].count).toBe(0);
});

it('goes on by itself without being closed', async () => {
  // Given a writer in a process that runs for years
  const writer = open();
  // When more lines come than fit into one batch
  for (let number = 0; number < 250; number += 1) writer.write(line({ number }));
  // Then they all arrive, in order
  await waitUntil('all records', async () => (await payloads()).length === 250);
  expect((await payloads()).map(({ number }) => number)).toEqual(Array.from({ length: 250 }, (_, number) => number));
});

it('with Postgres away holds what fits, counts what does not, and says so when it is back', async () => {
  // Given a writer with room for ten records whose Postgres does not answer
  await pool.end();
  pool = poolBehindDoor({ connectTimeoutMs: 20 });
  await door.stall();
  const writer = open({ ...QUICK, capacity: 10 });
  // When twenty-five come, and the writer fails several times
  for (let number = 0; number < 25; number += 1) writer.write(line({ number }));
  const attempts = door.takenCount() + 3;
  await waitUntil('three attempts', () => door.takenCount() >= attempts);
  // Then the surplus is counted; afterwards the first ten arrive and a record of the loss
  expect(writer.droppedCount()).toBe(15);
  await door.open();
  await waitUntil('the record of the loss', async () => (await payloads()).length >= 11);
  const written = await payloads();
  expect(written.slice(0, 10).map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(written.slice(10)).toEqual([expect.objectContaining({ event_type: 'log_records_dropped', count: 15, level: 'warn' })]);
});

it('closes although Postgres is away, or hangs', async () => {
  // Given records that cannot be written, by connections that wait for long
  await pool.end();
  pool = poolBehindDoor({ connectTimeoutMs: 600_000 });
  for (const fail of [door.shut, door.stall]) {
    await fail();
    const writer = open();
    writer.write(line({}));
    // When the process ends
    await writer.close(100);
    // Then the writer does not hold it up: this line is reached
  }
  expect(await payloads()).toEqual([]);
});

it('takes anything for a line, and gets over what Postgres refuses', async () => {
  // Given lines that are no JSON, carry unstorable text, or a year that no calendar of Postgres has
  const writer = open({ ...QUICK, batchSize: 1 });
  writer.write('"event_type": broken');
  writer.write(line({ msg: 'nul \u0000 half \ud83d', 'key\u0000': 1 }));
  writer.write(line({ time: '+275000-01-01T00:00:00.000Z' }));
  // When more follow
  writer.write(line({ msg: 'after' }));
  // Then only what cannot be stored is lost, and counted
  await waitUntil('the record of the loss', async () => (await payloads()).length === 4);
  expect(await payloads()).toMatchObject([
    { msg: '"event_type": broken' },
    { msg: 'nul \ufffd half \ufffd', 'key\ufffd': 1 },
    { msg: 'after' },
    { event_type: 'log_records_dropped', count: 1 },
  ]);
  expect(writer.droppedCount()).toBe(1);
});
