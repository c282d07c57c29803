import type { ClipEvent } from '../domain/events.ts';
import type { ClipId } from '../domain/ids.ts';
import { toJsonText } from './json-text.ts';
import type { Pool, PoolClient } from './pool.ts';
import { type EventRow, parseEventRow, toEventRow } from './stored-event.ts';
import type { UnreadableRow } from './unreadable-row.ts';

/** A clip's events as they are stored. */
export interface EventLog {
  /** In the order in which the clip emitted them. */
  readonly events: readonly ClipEvent[];
  readonly unreadable: readonly UnreadableRow[];
  /** Ids of all rows, readable or not. */
  readonly ids: ReadonlySet<string>;
}

/** Adds events; those that are there already stay as they are. */
export async function insertEvents(client: PoolClient, events: readonly ClipEvent[]): Promise<void> {
  await client.query(
    `insert into clip_events (id, clip_id, sequence, generation, event_type, "timestamp", event_data)
     select id, clip_id, sequence, generation, event_type, "timestamp", event_data
     from jsonb_to_recordset($1) as event (id uuid, clip_id text, sequence bigint, generation integer,
       event_type text, "timestamp" timestamptz, event_data jsonb)
     on conflict (id) do nothing`,
    [toJsonText(events.map(toEventRow))],
  );
}

export async function readEvents(client: Pool | PoolClient, clipId: ClipId): Promise<EventLog> {
  const { rows } = await client.query<EventRow>(
    `select id, clip_id, sequence, generation, event_type, "timestamp", event_data
     from clip_events where clip_id = $1 order by sequence, id`,
    [clipId],
  );
  const events: ClipEvent[] = [];
  const unreadable: UnreadableRow[] = [];
  for (const row of rows) {
    const parsed = parseEventRow(row);
    if (parsed.ok) events.push(parsed.value);
    else unreadable.push({ table: 'clip_events', id: row.id, clipId, problem: parsed.error });
  }
  return { events, unreadable, ids: new Set(rows.map((row) => row.id)) };
}
