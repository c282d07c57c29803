import { z } from 'zod';
import type { ClipState, ClipStatus } from '../domain/clip-state.ts';
import type { Instant } from '../domain/instant.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { RiskLevel } from '../domain/risk.ts';
import { type ClipCursor, parseCursorToken, toCursorToken } from './clip-cursor.ts';
import type { Pool } from './pool.ts';
import { attempt, type RepositoryError, repositoryError } from './repository-error.ts';
import { clipIdSchema } from './stored-parts.ts';
import { parseStoredState } from './stored-state.ts';
import type { OnUnreadable } from './unreadable-row.ts';

/** What a list of clips may be narrowed by. All given ones must hold. */
export interface ClipFilters {
  readonly cameraName?: string;
  /** Any of these. */
  readonly cameraNames?: readonly string[];
  /** A class that the filter saw. */
  readonly label?: string;
  /** Left out: all but deleted clips. */
  readonly status?: ClipStatus;
  /** False: decided not to notify, or not decided yet. */
  readonly alerted?: boolean;
  /** False: nothing seen, or not looked yet. */
  readonly detected?: boolean;
  readonly riskLevel?: RiskLevel;
  /** Case does not matter. */
  readonly activityType?: string;
  /** Both of the recording's start, both inclusive. ISO 8601 with a zone. */
  readonly since?: Instant;
  readonly until?: Instant;
}

export interface ClipPageRequest {
  /** 1 to 1000. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** Newest recording first. */
export interface ClipPage {
  readonly clips: readonly ClipState[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

interface ListRow {
  readonly clip_id: string;
  readonly recorded_at: Date;
  readonly data: unknown;
}

export interface ListQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

const zonedTimeSchema = z.iso.datetime({ offset: true });

/** One page of clips. Rows that cannot be read are reported and left out; the page after them is reached all the same. */
export async function listClips(
  pool: Pool,
  filters: ClipFilters,
  page: ClipPageRequest,
  onUnreadable: OnUnreadable,
): Promise<Result<ClipPage, RepositoryError>> {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > 1000)
    throw new RangeError(`limit ${page.limit} is not 1..1000`);
  const refused = checkTimes(filters);
  if (refused !== undefined) return err(refused);
  const cursor = page.cursor === undefined ? ok(undefined) : parseCursorToken(page.cursor);
  if (!cursor.ok) return cursor;
  const { text, values } = listQuery(filters, page.limit + 1, cursor.value);
  const answer = await attempt('cannot list clips', () => pool.query<ListRow>(text, [...values]));
  if (!answer.ok) return answer;
  const rows = answer.value.rows.slice(0, page.limit);
  const last = answer.value.rows.length > page.limit ? rows.at(-1) : undefined;
  return ok({ clips: readable(rows, onUnreadable), ...(last === undefined ? {} : { nextCursor: tokenOf(last) }) });
}

/** The statement behind a page. Written so that each filter meets its own index: see `migrations/0001_clip_states.sql`. */
export function listQuery(filters: ClipFilters, limit: number, after?: ClipCursor): ListQuery {
  const { where, values, bind } = whereClips(filters, after);
  const text = `select clip_id, recorded_at, data from clip_states where ${where}
    order by recorded_at desc, clip_id desc limit ${bind(limit)}`;
  return { text, values };
}

/** The condition that filters make on `clip_states`; `bind` adds a further value to it. */
export function whereClips(filters: ClipFilters, after?: ClipCursor) {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const { cameraName, cameraNames, label, status, alerted, detected, riskLevel, activityType, since, until } = filters;
  const conditions = [
    status === undefined ? `status <> 'deleted'` : `status = ${bind(status)}`,
    cameraName !== undefined && `camera_name = ${bind(cameraName)}`,
    cameraNames !== undefined && `camera_name = any(${bind(cameraNames)})`,
    label !== undefined && `data->'filter_result'->'detected_classes' ? ${bind(label)}`,
    alerted !== undefined && (alerted ? 'alerted' : 'not alerted'),
    detected !== undefined && (detected ? 'detected' : 'not detected'),
    riskLevel !== undefined && `risk_level = ${bind(riskLevel)}`,
    activityType !== undefined && `activity_type = ${bind(activityType.toLowerCase())}`,
    since !== undefined && `recorded_at >= ${bind(since)}`,
    until !== undefined && `recorded_at <= ${bind(until)}`,
    after !== undefined && `(recorded_at, clip_id) < (${bind(after.recordedAt)}, ${bind(after.clipId)})`,
  ].filter((condition) => condition !== false);
  return { where: conditions.join(' and '), values, bind };
}

function checkTimes({ since, until }: ClipFilters): RepositoryError | undefined {
  for (const time of [since, until]) {
    if (time !== undefined && !zonedTimeSchema.safeParse(time).success) {
      return repositoryError(
        'CLIPS_TIMESTAMP_INVALID',
        'since and until must be ISO 8601 with a zone, such as 2026-11-23T02:27:00Z',
      );
    }
  }
  if (since === undefined || until === undefined || Date.parse(since) <= Date.parse(until)) return undefined;
  return repositoryError('CLIPS_TIME_RANGE_INVALID', 'since lies after until');
}

function readable(rows: readonly ListRow[], onUnreadable: OnUnreadable): ClipState[] {
  return rows.flatMap((row) => {
    const state = parseStoredState(row.data);
    if (state.ok) return [state.value];
    onUnreadable({ table: 'clip_states', id: row.clip_id, clipId: row.clip_id, problem: state.error });
    return [];
  });
}

const tokenOf = (row: ListRow): string =>
  toCursorToken({ recordedAt: row.recorded_at.toISOString(), clipId: clipIdSchema.parse(row.clip_id) });
