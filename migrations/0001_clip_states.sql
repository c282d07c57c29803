-- Everything that ever happened to a clip. Rows are only ever added, and all else about clips is computed from them.
create table clip_events (
  -- Given by the clip's workflow, the same each time it is replayed: writing an event twice changes nothing.
  id uuid primary key,
  -- No foreign key to clip_states: events may arrive in any order, also before the one that makes the state.
  clip_id text not null,
  -- The order of a clip's events, whatever the order of their arrival. Microseconds since 1970, or one more than the last.
  sequence bigint not null,
  -- 1 for the first run over a clip; each deliberate re-run of a closed one adds 1.
  generation integer not null,
  event_type text not null,
  -- When it happened, with milliseconds.
  "timestamp" timestamptz not null,
  -- The fields that only this type of event has, in snake_case.
  event_data jsonb not null,
  -- When it was written here. Later than "timestamp" by as long as the database was away.
  received_at timestamptz not null default clock_timestamp()
);

create index clip_events_in_order on clip_events (clip_id, sequence, id);

-- One row per clip: its events, folded. May be emptied at any time; `rebuild` gives the same rows again.
create table clip_states (
  clip_id text primary key,
  -- The whole state, in snake_case. The columns below repeat of it what lists filter and sort by.
  data jsonb not null,
  camera_name text not null,
  -- Start of the recording, by which lists are sorted: not the time of processing, which an outage may delay by days.
  recorded_at timestamptz not null,
  status text not null,
  -- The policy decided to notify. False also while it has not decided yet.
  alerted boolean not null,
  -- The filter saw at least one class. False also while it has not looked yet.
  detected boolean not null,
  -- Null until analysed.
  risk_level text,
  -- Null until analysed. In lower case: filters ignore case.
  activity_type text,
  -- When the first and the last of its events were written, so that they too come out the same in a rebuild.
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- Lists run from the newest recording to the oldest, page by page; clip_id settles equal times. Each index serves one
-- filter in exactly that order, so a page costs the same on the first day and with a million clips. Deleted clips are in no
-- list unless asked for by status.
create index clip_states_newest on clip_states (recorded_at desc, clip_id desc) where status <> 'deleted';
create index clip_states_by_camera on clip_states (camera_name, recorded_at desc, clip_id desc) where status <> 'deleted';
create index clip_states_by_status on clip_states (status, recorded_at desc, clip_id desc);
create index clip_states_alerted on clip_states (recorded_at desc, clip_id desc) where alerted and status <> 'deleted';
create index clip_states_detected on clip_states (recorded_at desc, clip_id desc) where detected and status <> 'deleted';
create index clip_states_by_risk on clip_states (risk_level, recorded_at desc, clip_id desc)
  where risk_level is not null and status <> 'deleted';
create index clip_states_by_activity on clip_states (activity_type, recorded_at desc, clip_id desc)
  where activity_type is not null and status <> 'deleted';

-- Log lines worth keeping: warnings, errors, and all that carry an event_type. Best effort; nothing is computed from them.
create table logs (
  id bigint generated always as identity primary key,
  ts timestamptz not null default now(),
  payload jsonb not null
);

create index logs_newest on logs (ts desc);
