import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClipId } from '../../../src/domain/ids.ts';
import { type ClipFilters, listQuery } from '../../../src/repository/clip-list.ts';
import type { Pool } from '../../../src/repository/pool.ts';
import { type ClipDatabase, openClipDatabase } from '../../support/clip-database.ts';

let database: ClipDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await openClipDatabase();
  pool = database.openPool({ statementTimeoutMs: 100_000 });
  // Three years of a busy house with sixteen cameras: one clip in ten alerts, one in two shows something, few are suspicious.
  // States are as large as real ones: what a row costs to read decides between the indexes.
  await pool.query(`
    insert into clip_states (clip_id, data, camera_name, recorded_at, status, alerted, detected, risk_level, activity_type,
      created_at, updated_at)
    select 'clip-' || n, jsonb_build_object('size_of_a_real_state', repeat('x', 900)), 'camera ' || n % 16, timestamptz '2026-01-01' + n * interval '15 minutes',
      case when n % 100 = 0 then 'parked' when n % 25 = 0 then 'deleted' else 'done' end,
      n % 10 = 0, n % 2 = 0,
      case when n % 2 = 0 then (array['low', 'medium', 'high', 'critical'])[1 + n % 7 % 4] end,
      case when n % 50 = 0 then 'suspicious_behavior' when n % 2 = 0 then 'passerby' end,
      now(), now()
    from generate_series(1, 100000) as n`);
  await pool.query('analyze clip_states');
});
afterAll(() => database[Symbol.asyncDispose]());

const MIDDLE = { recordedAt: '2027-06-01T00:00:00.000Z', clipId: 'clip-50000' as ClipId };

it.each<[ClipFilters, string]>([
  [{}, 'clip_states_newest'],
  [{ since: '2027-01-01T00:00:00Z', until: '2028-01-01T00:00:00Z' }, 'clip_states_newest'],
  [{ cameraName: 'camera 3' }, 'clip_states_by_camera'],
  [{ status: 'parked' }, 'clip_states_by_status'],
  [{ status: 'deleted' }, 'clip_states_by_status'],
  [{ alerted: true }, 'clip_states_alerted'],
  [{ detected: true }, 'clip_states_(detected|newest)'],
  [{ riskLevel: 'critical' }, 'clip_states_by_risk'],
  [{ activityType: 'suspicious_behavior' }, 'clip_states_by_activity'],
])('a page of 100,000 clips by %j comes from an index in its order', async (filters, index) => {
  // Given a house full of clips
  for (const after of [undefined, MIDDLE]) {
    // When a page is asked for, the first or one in the middle
    const { text, values } = listQuery(filters, 51, after);
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain (analyze, costs off, timing off, summary off) ${text}`, [
      ...values,
    ]);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    // Then Postgres walks its index from there, sorts nothing, and reads hardly more rows than it gives
    expect(plan).toMatch(new RegExp(`Index Scan using ${index}`));
    expect(plan).not.toMatch(/Sort|Seq Scan|Bitmap/);
    const removed = Number(/Rows Removed by Filter: (\d+)/.exec(plan)?.[1] ?? 0);
    expect(removed).toBeLessThan(200);
  }
});

it("a clip's events come from an index", async () => {
  // Given the events of many clips
  await pool.query(`
    insert into clip_events (id, clip_id, sequence, generation, event_type, "timestamp", event_data)
    select gen_random_uuid(), 'clip-' || n / 20, n, 1, 'clip_done', now(), '{}' from generate_series(1, 100000) as n`);
  await pool.query('analyze clip_events');
  // When those of one clip are read
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
    `explain (costs off) select * from clip_events where clip_id = 'clip-77' order by sequence, id`,
  );
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  // Then no other clip's events are touched
  expect(plan).toMatch(/Index Scan (on|using) clip_events_in_order/);
  expect(plan).not.toMatch('Seq Scan');
});
