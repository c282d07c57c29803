import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewClipEvent } from '../../../src/domain/events.ts';
import type { ClipId } from '../../../src/domain/ids.ts';
import { toCursorToken } from '../../../src/repository/clip-cursor.ts';
import type { ClipFilters } from '../../../src/repository/clip-list.ts';
import { type ClipRepository, createClipRepository } from '../../../src/repository/clip-repository.ts';
import type { UnreadableRow } from '../../../src/repository/unreadable-row.ts';
import { type ClipDatabase, openClipDatabase } from '../../support/clip-database.ts';
import { createStory, NEW_EVENTS } from '../../support/clip-story.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

let database: ClipDatabase;
let repository: ClipRepository;
const unreadable: UnreadableRow[] = [];
const nameOf = new Map<ClipId, string>();

const SAW_NOTHING = { ...NEW_EVENTS.filter_completed, detectedClasses: [], detections: [], confidence: 0 } as NewClipEvent;
const SILENT = { ...NEW_EVENTS.alert_decision_made, shouldNotify: false } as NewClipEvent;
const CALM = { ...NEW_EVENTS.vlm_completed, riskLevel: 'low', activityType: 'Passerby' } as NewClipEvent;

/** Seven clips of one night, written in an order that is not the one of their recording. */
const NIGHT: readonly { name: string; camera: string; at: string; happened: readonly NewClipEvent[] }[] = [
  { name: 'fresh', camera: 'yard', at: '2026-10-25T01:30:00.000Z', happened: [] },
  {
    name: 'prowler',
    camera: 'door',
    at: '2026-10-25T00:30:00.001Z',
    happened: [NEW_EVENTS.filter_completed, NEW_EVENTS.vlm_completed, NEW_EVENTS.alert_decision_made],
  },
  { name: 'empty', camera: 'yard', at: '2026-10-25T00:30:00.000Z', happened: [SAW_NOTHING, SILENT, NEW_EVENTS.clip_done] },
  {
    name: 'postman',
    camera: 'door',
    at: '2026-10-25T00:30:00.000Z',
    happened: [NEW_EVENTS.filter_completed, CALM, SILENT, NEW_EVENTS.clip_done],
  },
  {
    name: 'parked',
    camera: 'door',
    at: '2026-10-24T23:00:00.000Z',
    happened: [NEW_EVENTS.upload_failed, NEW_EVENTS.clip_parked],
  },
  {
    name: 'deleted',
    camera: 'door',
    at: '2026-10-24T22:00:00.000Z',
    happened: [NEW_EVENTS.filter_completed, NEW_EVENTS.alert_decision_made, NEW_EVENTS.clip_deleted],
  },
  {
    name: 'oldest',
    camera: 'yard',
    at: '2026-10-23T22:00:00.000Z',
    happened: [NEW_EVENTS.filter_completed, NEW_EVENTS.alert_decision_made, NEW_EVENTS.clip_done],
  },
];

beforeAll(async () => {
  database = await openClipDatabase();
  repository = createClipRepository(database.pool, { onUnreadable: (row) => unreadable.push(row) });
  for (const { name, camera, at, happened } of NIGHT.toSorted((a, b) => a.name.localeCompare(b.name))) {
    const story = createStory({ cameraName: camera, recordedStartAt: at });
    nameOf.set(story.clipId, name);
    valueOf(await repository.append(story.clipId, [story.recorded(), ...happened.map(story.emit)]));
  }
});
afterAll(() => database[Symbol.asyncDispose]());

async function names(filters: ClipFilters, limit = 50): Promise<(string | undefined)[]> {
  return valueOf(await repository.list(filters, { limit })).clips.map(({ clipId }) => nameOf.get(clipId));
}

/** All pages one after the other. */
async function walk(limit: number): Promise<ClipId[]> {
  const seen: ClipId[] = [];
  let cursor: string | undefined;
  do {
    const page = valueOf(await repository.list({}, { limit, ...(cursor === undefined ? {} : { cursor }) }));
    seen.push(...page.clips.map(({ clipId }) => clipId));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return seen;
}

describe('filters', () => {
  it.each<[ClipFilters, string[]]>([
    [{}, ['fresh', 'prowler', 'empty|postman', 'empty|postman', 'parked', 'oldest']],
    [{ cameraName: 'door' }, ['prowler', 'postman', 'parked']],
    [{ cameraName: 'Door' }, []],
    [{ status: 'deleted' }, ['deleted']],
    [{ status: 'parked' }, ['parked']],
    [{ status: 'done', cameraName: 'yard' }, ['empty', 'oldest']],
    [{ alerted: true }, ['prowler', 'oldest']],
    [{ alerted: false }, ['fresh', 'empty|postman', 'empty|postman', 'parked']],
    [{ detected: true }, ['prowler', 'postman', 'oldest']],
    [{ detected: false }, ['fresh', 'empty', 'parked']],
    [{ riskLevel: 'high' }, ['prowler']],
    [{ activityType: 'PASSERBY' }, ['postman']],
    [{ detected: true, alerted: true, status: 'deleted' }, ['deleted']],
    [{ since: '2026-10-25T00:30:00.001Z' }, ['fresh', 'prowler']],
    [{ since: '2026-10-25T02:30:00.001+02:00', until: '2026-10-25T00:30:00.001Z' }, ['prowler']],
    [{ until: '2026-10-24T23:00:00Z' }, ['parked', 'oldest']],
    [{ riskLevel: 'critical' }, []],
  ])('%j', async (filters, expected) => {
    // Given the clips of a night
    // When they are narrowed down
    const found = await names(filters);
    // Then exactly these are left, newest recording first
    expect(found).toHaveLength(expected.length);
    expected.forEach((either, index) => expect(either.split('|')).toContain(found[index]));
  });

  it.each<[ClipFilters, string]>([
    [{ since: '2026-10-25T00:30:00' }, 'CLIPS_TIMESTAMP_INVALID'],
    [{ until: 'yesterday' }, 'CLIPS_TIMESTAMP_INVALID'],
    [{ since: '2026-10-25T00:00:00Z', until: '2026-10-25T01:00:00+02:00' }, 'CLIPS_TIME_RANGE_INVALID'],
  ])('%j is refused', async (filters, code) => {
    // Given times that make no sense
    // When clips are listed by them
    const error = errorOf(await repository.list(filters, { limit: 10 }));
    // Then the error says so, and trying again does not help
    expect(error).toMatchObject({ code, retryable: false });
  });
});

describe('pages', () => {
  it.each([1, 2, 3, 6, 7])('of %i follow one another without gap or repetition, also over equal times', async (limit) => {
    // Given six clips, two of them of the same millisecond
    // When they are walked through
    const seen = await walk(limit);
    // Then each came once, in one and the same order
    expect(seen).toHaveLength(6);
    expect(seen).toEqual(await walk(50));
    expect(new Set(seen).size).toBe(6);
  });

  it('stay where they are when newer clips arrive', async () => {
    // Given a first page
    const first = valueOf(await repository.list({}, { limit: 2 }));
    const rest = valueOf(await repository.list({}, { limit: 50, cursor: first.nextCursor ?? '' }));
    // When a newer clip arrives before the second
    const story = createStory({ recordedStartAt: '2027-01-01T00:00:00.000Z' });
    valueOf(await repository.append(story.clipId, [story.recorded()]));
    const again = valueOf(await repository.list({}, { limit: 50, cursor: first.nextCursor ?? '' }));
    await database.pool.query('delete from clip_states where clip_id = $1', [story.clipId]);
    // Then the second page is the same
    expect(again).toEqual(rest);
  });

  it('go on past a row that cannot be read', async () => {
    // Given a damaged row that is the last of its page
    const [, second] = await walk(50);
    const { rows } = await database.pool.query('select data from clip_states where clip_id = $1', [second]);
    await database.pool.query(`update clip_states set data = data - 'status' where clip_id = $1`, [second]);
    unreadable.length = 0;
    // When the pages are walked through
    const seen = await walk(2);
    await database.pool.query('update clip_states set data = $2 where clip_id = $1', [second, rows[0].data]);
    // Then all others came, and the damaged one was reported
    expect(seen).toHaveLength(5);
    expect(unreadable).toEqual([
      { table: 'clip_states', id: second, clipId: second, problem: expect.stringContaining('status') },
    ]);
  });

  it('have a size between 1 and 1000', async () => {
    // Given a caller with a defect
    // When it asks for an impossible page
    // Then that is an exception
    await expect(repository.list({}, { limit: 0 })).rejects.toThrow(RangeError);
    await expect(repository.list({}, { limit: 1001 })).rejects.toThrow(RangeError);
  });

  const clipId = createStory().clipId;
  const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  it.each([
    ['empty', ''],
    ['no base64', '%%%'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['no object', token([1])],
    ['without an id', token({ recorded_at: '2026-10-25T00:30:00.000Z', clip_id: '' })],
    ['with a naive time', token({ recorded_at: '2026-10-25T00:30:00.000', clip_id: clipId })],
    ['with a wrong time', token({ recorded_at: '2026-13-25T00:30:00.000Z', clip_id: clipId })],
    ['with more than a cursor', token({ recorded_at: '2026-10-25T00:30:00.000Z', clip_id: clipId, admin: true })],
  ])('cannot be reached by a cursor that is %s', async (_what, cursor) => {
    // Given a cursor that no list gave
    // When a page is asked for with it
    const error = errorOf(await repository.list({}, { limit: 10, cursor }));
    // Then the error says what to do
    expect(error).toMatchObject({ code: 'CLIPS_CURSOR_INVALID', message: expect.stringContaining('first page') });
  });

  it('are reached by a token that can stand in a URL', () => {
    // Given a cursor
    // When it becomes a token
    const made = toCursorToken({ recordedAt: '2026-10-25T00:30:00.000Z', clipId });
    // Then it needs no escaping
    expect(made).toBe(encodeURIComponent(made));
  });
});

describe('counts', () => {
  it('count clips and alerts by recording time, each clip once, deleted ones not', async () => {
    // Given a night in which one clip alerted on two channels and one alerted and was deleted
    // When clips since its beginning, and since ever, are counted
    const night = valueOf(await repository.countSince('2026-10-24T22:00:00.000Z'));
    const ever = valueOf(await repository.countSince('1970-01-01T00:00:00.000Z'));
    // Then the figures are those of the lists
    expect(night).toEqual({ clips: 5, alerts: 1 });
    expect(ever).toEqual({ clips: 6, alerts: 2 });
  });
});
