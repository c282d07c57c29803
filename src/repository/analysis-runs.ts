import type { AnalysisRun, ClipSelection } from '../domain/backfill.ts';
import type { ClipId } from '../domain/ids.ts';
import type { Instant } from '../domain/instant.ts';
import { ok, type Result } from '../domain/result.ts';
import { toSnakeCase } from '../domain/snake-case.ts';
import { parseCursorToken, toCursorToken } from './clip-cursor.ts';
import { type ClipPageRequest, whereClips } from './clip-list.ts';
import { toJsonText } from './json-text.ts';
import type { Pool } from './pool.ts';
import { attempt, type RepositoryError } from './repository-error.ts';
import { parseAnalysisRun } from './stored-analysis-run.ts';

/** What backfills found, beside the clips' own events. No call throws for Postgres being away: that is a retryable error. */
export interface AnalysisRuns {
  countClips(selection: ClipSelection): Promise<Result<number, RepositoryError>>;
  /** Of a selection, newest recording first; also clips whose state this version cannot read. */
  nextClips(selection: ClipSelection, page: ClipPageRequest): Promise<Result<ClipIdPage, RepositoryError>>;
  /** Of a selection, and of what its clips took when they were new. */
  estimate(selection: ClipSelection): Promise<Result<ClipsEstimate, RepositoryError>>;
  /** Whether a run has alerted of the clip. */
  hasTold(clipId: ClipId): Promise<Result<boolean, RepositoryError>>;
  /** Findings other than those that were promoted can be promoted again. */
  record(run: AnalysisRun): Promise<Result<void, RepositoryError>>;
  /** Newest recording first, those after a clip; runs that this version cannot read are left out. */
  list(batch: string, page: RunPageRequest): Promise<Result<RunPage, RepositoryError>>;
  markPromoted(batch: string, clipId: ClipId): Promise<Result<void, RepositoryError>>;
  /** Whether a backfill of this name has come to a clip. */
  exists(batch: string): Promise<Result<boolean, RepositoryError>>;
  /** Every backfill that has come to a clip, the latest first. */
  batches(): Promise<Result<readonly BatchSummary[], RepositoryError>>;
}

export interface ClipsEstimate {
  readonly clips: number;
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  /** Of clips that the model described. */
  readonly described: number;
  /** Means over what is known of the selection; 0 where nothing is. */
  readonly filterMs: number;
  readonly vlmMs: number;
  readonly tokens: number;
}

export interface ClipIdPage {
  readonly clipIds: readonly ClipId[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface RunPageRequest {
  readonly after?: ClipId;
  readonly limit: number;
}

export interface StoredRun extends AnalysisRun {
  readonly promoted: boolean;
}

export interface RunPage {
  readonly runs: readonly StoredRun[];
  /** Absent on the last page. */
  readonly next?: ClipId;
}

export interface BatchSummary {
  readonly batch: string;
  readonly startedAt: Instant;
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly promoted: number;
}

export const createAnalysisRuns = (pool: Pool): AnalysisRuns => ({
  countClips: (selection) => attempt('cannot count clips', () => countClips(pool, selection)),
  nextClips: (selection, page) => nextClips(pool, selection, page),
  estimate: (selection) => attempt('cannot estimate', () => estimate(pool, selection)),
  hasTold: (clipId) =>
    attempt('cannot read analysis runs', async () => {
      const { rows } = await pool.query('select from analysis_runs where clip_id = $1 and told limit 1', [clipId]);
      return rows.length > 0;
    }),
  record: (run) => attempt(`cannot write the analysis run of ${run.clipId}`, () => record(pool, run)),
  list: (batch, page) => attempt('cannot read analysis runs', () => list(pool, batch, page)),
  markPromoted: (batch, clipId) =>
    attempt('cannot mark the analysis run', async () => {
      await pool.query('update analysis_runs set promoted_at = coalesce(promoted_at, now()) where batch = $1 and clip_id = $2', [
        batch,
        clipId,
      ]);
    }),
  exists: (batch) =>
    attempt('cannot read analysis runs', async () => {
      const { rows } = await pool.query('select from analysis_runs where batch = $1 limit 1', [batch]);
      return rows.length > 0;
    }),
  batches: () => attempt('cannot list backfills', () => batches(pool)),
});

async function countClips(pool: Pool, selection: ClipSelection): Promise<number> {
  const { where, values } = whereClips(selection);
  const { rows } = await pool.query<{ count: string }>(`select count(*) from clip_states where ${where}`, values);
  return Number(rows[0]?.count ?? 0);
}

async function nextClips(
  pool: Pool,
  selection: ClipSelection,
  { limit, cursor }: ClipPageRequest,
): Promise<Result<ClipIdPage, RepositoryError>> {
  const after = cursor === undefined ? ok(undefined) : parseCursorToken(cursor);
  if (!after.ok) return after;
  const { where, values, bind } = whereClips(selection, after.value);
  const text = `select clip_id, recorded_at from clip_states where ${where}
    order by recorded_at desc, clip_id desc limit ${bind(limit + 1)}`;
  const answer = await attempt('cannot list clips', () => pool.query<{ clip_id: ClipId; recorded_at: Date }>(text, values));
  if (!answer.ok) return answer;
  const rows = answer.value.rows.slice(0, limit);
  const clipIds = rows.map((row) => row.clip_id);
  const last = answer.value.rows.length > limit ? rows.at(-1) : undefined;
  if (last === undefined) return ok({ clipIds });
  return ok({ clipIds, nextCursor: toCursorToken({ recordedAt: last.recorded_at.toISOString(), clipId: last.clip_id }) });
}

/** Tokens and times are those of each clip's latest results; only stages that the clip went through count. */
async function estimate(pool: Pool, selection: ClipSelection): Promise<ClipsEstimate> {
  const { where, values } = whereClips(selection);
  const files = await pool.query<{ path: string; size: string }>(
    `select data->>'local_path' as path, data->>'size_bytes' as size from clip_states where ${where}`,
    values,
  );
  const means = await pool.query<Record<'described' | 'filter_ms' | 'vlm_ms' | 'tokens', string | null>>(
    `with chosen as (select clip_id, data from clip_states where ${where})
     select (select count(*) from chosen where data ? 'analysis_result') as described,
       (select avg((event_data->>'duration_ms')::float8) from clip_events join chosen using (clip_id)
        where event_type = 'filter_completed') as filter_ms,
       (select avg((event_data->>'duration_ms')::float8) from clip_events join chosen using (clip_id)
        where event_type = 'vlm_completed') as vlm_ms,
       (select avg((data->'analysis_result'->>'prompt_tokens')::float8
          + coalesce((data->'analysis_result'->>'completion_tokens')::float8, 0)) from chosen) as tokens`,
    values,
  );
  const [row] = means.rows;
  return {
    clips: files.rows.length,
    files: files.rows.map(({ path, size }) => ({ path, sizeBytes: Number(size) })),
    described: Number(row?.described ?? 0),
    filterMs: Number(row?.filter_ms ?? 0),
    vlmMs: Number(row?.vlm_ms ?? 0),
    tokens: Number(row?.tokens ?? 0),
  };
}

async function record(pool: Pool, run: AnalysisRun): Promise<void> {
  await pool.query(
    `insert into analysis_runs (batch, clip_id, outcome, told, data) values ($1, $2, $3, $4, $5)
     on conflict (batch, clip_id) do update set outcome = excluded.outcome, data = excluded.data,
       told = analysis_runs.told or excluded.told,
       promoted_at = case when analysis_runs.data->'after' = excluded.data->'after' then analysis_runs.promoted_at end`,
    [run.batch, run.clipId, run.outcome, run.told, toJsonText(toSnakeCase(run))],
  );
}

interface RunRow {
  readonly clip_id: ClipId;
  readonly data: unknown;
  readonly promoted: boolean;
}

async function list(pool: Pool, batch: string, { after, limit }: RunPageRequest): Promise<RunPage> {
  // A clip's id begins with the time of its recording.
  const { rows } = await pool.query<RunRow>(
    `select clip_id, data, promoted_at is not null as promoted from analysis_runs
     where batch = $1 and ($2::text is null or clip_id < $2) order by clip_id desc limit $3`,
    [batch, after ?? null, limit + 1],
  );
  const page = rows.slice(0, limit);
  const runs = page.flatMap(({ data, promoted }) => {
    const run = parseAnalysisRun(data);
    return run.ok ? [{ ...run.value, promoted }] : [];
  });
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { runs, ...(last === undefined ? {} : { next: last.clip_id }) };
}

async function batches(pool: Pool): Promise<BatchSummary[]> {
  const { rows } = await pool.query<{ batch: string; started: Date } & Record<Exclude<keyof BatchSummary, 'batch'>, string>>(
    `select batch, min(created_at) as started, count(*) filter (where outcome = 'done') as done,
       count(*) filter (where outcome = 'skipped') as skipped, count(*) filter (where outcome = 'failed') as failed,
       count(promoted_at) as promoted
     from analysis_runs group by batch order by started desc`,
  );
  return rows.map(({ batch, started, done, skipped, failed, promoted }) => ({
    batch,
    startedAt: started.toISOString(),
    done: Number(done),
    skipped: Number(skipped),
    failed: Number(failed),
    promoted: Number(promoted),
  }));
}
