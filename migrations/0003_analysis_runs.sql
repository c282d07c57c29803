-- What a backfill found in a clip, beside the clip's own events and state, which it leaves alone until it is promoted.
create table analysis_runs (
  -- The name of the backfill.
  batch text not null,
  clip_id text not null,
  -- done, skipped (its bytes are gone for good) or failed.
  outcome text not null,
  -- Somebody was alerted because of this run. No later run alerts of the same clip again.
  told boolean not null,
  -- The whole run, in snake_case: what was known before, what was found, the decision, models, prompt version, config hashes.
  data jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  -- When its findings became the clip's own; null until then.
  promoted_at timestamptz,
  -- A clip stands once in a backfill, however often its workflow is repeated.
  primary key (batch, clip_id)
);

create index analysis_runs_by_clip on analysis_runs (clip_id) where told;
