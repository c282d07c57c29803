import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HostCamera } from '../../../src/domain/camera.ts';
import type { CameraEvent, NewCameraEvent } from '../../../src/domain/camera-events.ts';
import { foldCamera } from '../../../src/domain/camera-state.ts';
import { toSnakeCase } from '../../../src/domain/snake-case.ts';
import { type CameraRepository, createCameraRepository } from '../../../src/repository/camera-repository.ts';
import { type ClipDatabase, openClipDatabase } from '../../support/clip-database.ts';
import { shuffled } from '../../support/clip-story.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

let database: ClipDatabase;
let cameras: CameraRepository;
beforeAll(async () => {
  database = await openClipDatabase();
  cameras = createCameraRepository(database.pool);
});
afterAll(() => database[Symbol.asyncDispose]());

const newCamera = (cameraName = 'Front door'): HostCamera => ({ hostId: randomUUID(), cameraName });
const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const NEWS: readonly NewCameraEvent[] = [
  { eventType: 'camera_online', since: at(0) },
  { eventType: 'camera_offline', since: at(1), reason: 'connection refused' },
  {
    ...{ eventType: 'notification_failed', notifierName: 'mail', revision: 1, attempt: 1, willRetry: false },
    ...{ errorType: 'NotifyError', errorCode: 'NOTIFY_REJECTED', errorMessage: 'no' },
  },
  { eventType: 'notification_sent', notifierName: 'phone', dedupeKey: 'k', revision: 1, attempt: 1, durationMs: 5 },
  { eventType: 'camera_online', since: at(4), offlineSince: at(1) },
  { eventType: 'notification_sent', notifierName: 'phone', dedupeKey: 'k', revision: 2, attempt: 1, durationMs: 7 },
];
const storyOf = (camera: HostCamera, news = NEWS): CameraEvent[] =>
  news.map((event, second) => ({
    ...event,
    ...camera,
    ...{ id: randomUUID(), sequence: Date.parse(at(second)) * 1000, timestamp: at(second) },
  }));

async function rowsOf({ hostId }: HostCamera) {
  const events = await database.pool.query('select * from camera_events where host_id = $1 order by sequence', [hostId]);
  const states = await database.pool.query('select data from camera_states where host_id = $1', [hostId]);
  return { events: events.rows, states: states.rows.map(({ data }: { data: unknown }) => data) };
}

it('every event of a camera is stored as it was, and the state that they make', async () => {
  // Given
  const camera = newCamera();
  const story = storyOf(camera);
  // When
  const state = valueOf(await cameras.append(camera, story));
  // Then
  const { events, states } = await rowsOf(camera);
  expect(events.map((row) => [row.id, row.event_type])).toEqual(story.map(({ id, eventType }) => [id, eventType]));
  expect(events[1]?.event_data).toEqual({ since: at(1), reason: 'connection refused' });
  expect(state).toEqual(foldCamera(story));
  expect(states).toEqual([toSnakeCase(state)]);
});

it('events come in any order and twice, and make the same state', async () => {
  // Given
  const camera = newCamera();
  const story = storyOf(camera);
  // When
  for (const event of shuffled([...story, ...story], 1)) valueOf(await cameras.append(camera, [event]));
  // Then
  const { events, states } = await rowsOf(camera);
  expect(events).toHaveLength(story.length);
  expect(states).toEqual([toSnakeCase(foldCamera(story))]);
});

it('writers at the same time see what the others wrote', async () => {
  // Given as many writers as connections, over many cameras
  const stories = Array.from({ length: 30 }, () => newCamera()).map((camera) => ({ camera, story: storyOf(camera) }));
  for (const { camera, story } of stories) {
    // When each writes one event
    await Promise.all(story.slice(1).map((event) => cameras.append(camera, [event])));
    // Then none is missing in the state
    expect((await rowsOf(camera)).states).toEqual([toSnakeCase(foldCamera(story))]);
  }
});

it('there is no state before the first change, and cameras of one name on two hosts are two', async () => {
  // Given
  const [here, there] = [newCamera(), newCamera()];
  // When
  const unknown = valueOf(await cameras.append(here, storyOf(here).slice(2, 4)));
  const known = valueOf(await cameras.append(there, storyOf(there)));
  // Then
  expect(unknown).toBeUndefined();
  expect(known).toMatchObject({ hostId: there.hostId, status: { online: true } });
  expect((await rowsOf(here)).states).toEqual([]);
});

it('a name that Postgres cannot hold is kept as far as it can', async () => {
  // Given
  const camera = newCamera('Tür\0 \ud800');
  // When
  const state = valueOf(await cameras.append(camera, storyOf(camera)));
  // Then
  expect(state).toMatchObject({ cameraName: 'Tür\uFFFD \uFFFD', status: { online: true } });
  expect((await rowsOf(camera)).states).toHaveLength(1);
});

it('a row that this version cannot read is left out and stays', async () => {
  // Given
  const camera = newCamera();
  valueOf(await cameras.append(camera, storyOf(camera).slice(0, 2)));
  await database.pool.query(
    `insert into camera_events (id, host_id, camera_name, sequence, event_type, "timestamp", event_data)
     values (gen_random_uuid(), $1, $2, 9e15, 'camera_painted', now(), '{}')`,
    [camera.hostId, camera.cameraName],
  );
  // When
  const state = valueOf(await cameras.append(camera, []));
  // Then
  expect(state).toMatchObject({ status: { online: false, reason: 'connection refused' } });
  expect((await rowsOf(camera)).events).toHaveLength(3);
});

it('Postgres away is an error that can be tried again', async () => {
  // Given
  const pool = database.openPool({ connectTimeoutMs: 1_000 });
  const camera = newCamera();
  await database.pool.query('alter table camera_events rename to hidden_events');
  // When
  const error = errorOf(await createCameraRepository(pool).append(camera, storyOf(camera)));
  await database.pool.query('alter table hidden_events rename to camera_events');
  // Then
  expect(error).toMatchObject({ code: 'DB_UNAVAILABLE', retryable: true });
});
