-- What happened to a camera, as clip_events is for clips: rows are only ever added.
create table camera_events (
  -- Given by the camera's workflow, the same each time it is replayed: writing an event twice changes nothing.
  id uuid primary key,
  -- The spool into which the camera is recorded; another host may have a camera of the same name.
  host_id text not null,
  camera_name text not null,
  -- The order of a camera's events, whatever the order of their arrival. Microseconds since 1970, or one more than the last.
  sequence bigint not null,
  event_type text not null,
  -- When it happened, with milliseconds.
  "timestamp" timestamptz not null,
  -- The fields that only this type of event has, in snake_case.
  event_data jsonb not null,
  -- When it was written here. Later than "timestamp" by as long as the database was away.
  received_at timestamptz not null default clock_timestamp()
);

create index camera_events_in_order on camera_events (host_id, camera_name, sequence, id);
-- The fold begins at the last change: a camera has events for years, and its state is the newest few.
create index camera_events_changes on camera_events (host_id, camera_name, sequence)
  where event_type in ('camera_online', 'camera_offline');

-- One row per camera: its newest events, folded.
create table camera_states (
  host_id text not null,
  camera_name text not null,
  -- The whole state, in snake_case.
  data jsonb not null,
  primary key (host_id, camera_name)
);
