import { type ClipState, foldClip } from '../domain/clip-state.ts';
import type { ClipId } from '../domain/ids.ts';
import { toSnakeCase } from '../domain/snake-case.ts';
import type { EventLog } from './clip-events.ts';
import { toJsonText } from './json-text.ts';
import type { PoolClient } from './pool.ts';

/**
 * Makes this transaction the only one that writes the clip, until it ends. A lock by id, not on the row: the first two
 * writers of a clip have no row yet.
 */
export async function lockClip(client: PoolClient, clipId: ClipId): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [clipId]);
}

/**
 * Folds a clip's events into its row. Under the clip's lock, and only of what is stored: whoever folds, and whenever, the
 * same events make the same row.
 * @returns undefined, and writes nothing, while the event that tells of the recording is not there.
 */
export async function writeState(client: PoolClient, { events }: EventLog): Promise<ClipState | undefined> {
  const state = foldClip(events);
  if (state === undefined) return undefined;
  await client.query(
    `insert into clip_states (clip_id, data, camera_name, recorded_at, status, alerted, detected, risk_level, activity_type,
       created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9,
       (select min(received_at) from clip_events where clip_id = $1),
       (select max(received_at) from clip_events where clip_id = $1))
     on conflict (clip_id) do update set data = excluded.data, camera_name = excluded.camera_name,
       recorded_at = excluded.recorded_at, status = excluded.status, alerted = excluded.alerted, detected = excluded.detected,
       risk_level = excluded.risk_level, activity_type = excluded.activity_type, created_at = excluded.created_at,
       updated_at = excluded.updated_at`,
    [
      state.clipId,
      toJsonText(toSnakeCase(state)),
      state.cameraName,
      state.recordedStartAt,
      state.status,
      state.alertDecision?.notify === true,
      (state.filterResult?.detectedClasses.length ?? 0) > 0,
      state.analysisResult?.riskLevel ?? null,
      state.analysisResult?.activityType.toLowerCase() ?? null,
    ],
  );
  return state;
}
