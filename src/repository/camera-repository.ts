import type { HostCamera } from '../domain/camera.ts';
import type { CameraEvent } from '../domain/camera-events.ts';
import { type CameraState, foldCamera } from '../domain/camera-state.ts';
import type { Result } from '../domain/result.ts';
import { toSnakeCase } from '../domain/snake-case.ts';
import { storableText, toJsonText } from './json-text.ts';
import type { Pool, PoolClient } from './pool.ts';
import { attempt, type RepositoryError } from './repository-error.ts';
import { type CameraEventRow, parseCameraEventRow, toCameraEventRow } from './stored-camera-event.ts';
import { transaction } from './transaction.ts';

/** All that is kept about cameras. No call throws for Postgres being away: that is a retryable error. */
export interface CameraRepository {
  /**
   * Adds events of a camera and folds its newest ones into its state, in one transaction. Idempotent by event id; the order
   * of arrival does not matter.
   * @returns the state after it, undefined while nothing says whether the camera is online.
   */
  append(camera: HostCamera, events: readonly CameraEvent[]): Promise<Result<CameraState | undefined, RepositoryError>>;
}

export const createCameraRepository = (pool: Pool): CameraRepository => ({
  append: (camera, events) =>
    attempt(`cannot write events of the camera ${camera.cameraName}`, () =>
      transaction(pool, async (client) => {
        const key = [camera.hostId, storableText(camera.cameraName)] as const;
        await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`camera ${key.join(' ')}`]);
        await insertEvents(client, events);
        const state = foldCamera(await readNewest(client, key));
        if (state !== undefined) await writeState(client, key, state);
        return state;
      }),
    ),
});

/** Host and name, as the tables hold them. */
type CameraKey = readonly [hostId: string, cameraName: string];

async function insertEvents(client: PoolClient, events: readonly CameraEvent[]): Promise<void> {
  await client.query(
    `insert into camera_events (id, host_id, camera_name, sequence, event_type, "timestamp", event_data)
     select id, host_id, camera_name, sequence, event_type, "timestamp", event_data
     from jsonb_to_recordset($1) as event (id uuid, host_id text, camera_name text, sequence bigint,
       event_type text, "timestamp" timestamptz, event_data jsonb)
     on conflict (id) do nothing`,
    [toJsonText(events.map(toCameraEventRow))],
  );
}

/** From the last change on. A row that this version cannot read is left out. */
async function readNewest(client: PoolClient, key: CameraKey): Promise<CameraEvent[]> {
  const { rows } = await client.query<CameraEventRow>(
    `select id, host_id, camera_name, sequence, event_type, "timestamp", event_data
     from camera_events where host_id = $1 and camera_name = $2 and sequence >=
       (select max(sequence) from camera_events
        where host_id = $1 and camera_name = $2 and event_type in ('camera_online', 'camera_offline'))`,
    [...key],
  );
  return rows.map(parseCameraEventRow).filter((event) => event !== undefined);
}

async function writeState(client: PoolClient, key: CameraKey, state: CameraState): Promise<void> {
  await client.query(
    `insert into camera_states (host_id, camera_name, data) values ($1, $2, $3)
     on conflict (host_id, camera_name) do update set data = excluded.data`,
    [...key, toJsonText(toSnakeCase(state))],
  );
}
