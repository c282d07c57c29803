import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSixVisitsHouse, type SixVisitsHouse } from '../support/six-visits.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 240_000;

let opened: SixVisitsHouse;
let six: SixVisitsHouse['six'];
let camera: SixVisitsHouse['camera'];
let house: SixVisitsHouse['house'];

beforeAll(async () => {
  opened = await openSixVisitsHouse({ camera_watch: { offline_after_s: 3 } });
  ({ six, camera, house } = opened);
  house.start();
}, LIMIT_MS);
afterAll(() => opened[Symbol.asyncDispose]());

interface ClipRow {
  readonly clip_id: string;
  readonly status: string;
  readonly event_id: string;
  readonly start_ms: number;
  readonly end_ms: number;
}

it(
  'six people who come one by one are six events, six workflows and six alerts, each with its pre-roll and nothing between',
  async () => {
    // Given a household that is connected to its camera
    await waitUntil('the camera is connected', () => camera.sessions() === 2, LIMIT_MS);
    // When six people come one by one
    camera.seek(0);
    const beganAtMs = Date.now();
    await waitUntil('the end', () => camera.position() >= six.lastsS, LIMIT_MS);
    await waitUntil('six clips are done', async () => (await house.rows()).filter(isDone).length >= 6, LIMIT_MS);
    // Then
    const rows = await house.query<ClipRow>(`
      select clip_id, status, data->>'event_id' as event_id,
        extract(epoch from (data->>'recorded_start_at')::timestamptz)::float8 * 1000 as start_ms,
        extract(epoch from (data->>'recorded_end_at')::timestamptz)::float8 * 1000 as end_ms
      from clip_states order by recorded_at`);
    expect(rows.map(({ status }) => status)).toEqual(Array(6).fill('done'));
    expect(new Set(rows.map(({ event_id }) => event_id)).size).toBe(6);
    const alerts = (await house.alerts()).filter(({ kind, revision }) => kind === 'clip' && revision === 1);
    expect(alerts.map(({ clipId }) => String(clipId)).toSorted()).toEqual(rows.map(({ clip_id }) => clip_id).toSorted());
    // And each holds its visit and a second or more before it, and no second is in two of them
    for (const [index, [from, until]] of six.visits.entries()) {
      const [startS = 0, endS = 0] = [rows[index]?.start_ms, rows[index]?.end_ms].map((ms) => ((ms ?? 0) - beganAtMs) / 1000);
      // The clip before may reach into the pre-roll: then this one begins where that one ends.
      const endBeforeS = ((rows[index - 1]?.end_ms ?? 0) - beganAtMs) / 1000;
      expect(startS).toBeLessThan(Math.max(from - 1, endBeforeS + 0.15));
      expect(startS).toBeGreaterThan(endBeforeS - 0.15);
      expect(startS).toBeLessThan(from);
      expect(endS).toBeGreaterThan(until - 1);
    }
  },
  2 * LIMIT_MS,
);

it(
  'a camera that stays away is told to its owner, and that it is back',
  async () => {
    // Given the same household
    await waitUntil('the camera is connected', () => camera.sessions() === 2, LIMIT_MS);
    // When the camera loses its power for longer than the owner wants to hear nothing of
    camera.refuse(true);
    camera.drop();
    await waitUntil('the owner is told', () => isTold('camera_offline'), LIMIT_MS);
    camera.refuse(false);
    await waitUntil('the owner is told again', () => isTold('camera_online'), LIMIT_MS);
    // Then each once
    const kinds = (await house.alerts()).map(({ kind }) => kind).filter((kind) => kind !== 'clip');
    expect(kinds).toEqual(['camera_offline', 'camera_online']);
    // And the events say the same, a moment later
    await waitUntil('its events', async () => (await changes()).slice(-2).join() === 'camera_offline,camera_online');
    const states = await house.query<{ online: boolean }>(
      `select (data->'status'->>'online')::boolean as online from camera_states`,
    );
    expect(states).toEqual([{ online: true }]);
  },
  LIMIT_MS,
);

async function changes(): Promise<string[]> {
  const rows = await house.query<{ event_type: string }>(
    `select event_type from camera_events where event_type like 'camera_%' order by sequence`,
  );
  return rows.map(({ event_type }) => event_type);
}
const isTold = async (kind: string): Promise<boolean> => (await house.alerts()).some((alert) => alert.kind === kind);
const isDone = ({ status }: { readonly status: string }): boolean => status === 'done';
