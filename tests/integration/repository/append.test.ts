import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldClip } from '../../../src/domain/clip-state.ts';
import type { ClipEvent, NewClipEvent } from '../../../src/domain/events.ts';
import type { ClipId } from '../../../src/domain/ids.ts';
import { type ClipRepository, createClipRepository } from '../../../src/repository/clip-repository.ts';
import type { UnreadableRow } from '../../../src/repository/unreadable-row.ts';
import { type ClipDatabase, openClipDatabase } from '../../support/clip-database.ts';
import { createStory, NEW_EVENTS, seededRandom, shuffled } from '../../support/clip-story.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

let database: ClipDatabase;
let repository: ClipRepository;
const unreadable: UnreadableRow[] = [];

beforeAll(async () => {
  database = await openClipDatabase();
  repository = createClipRepository(database.pool, { onUnreadable: (row) => unreadable.push(row) });
});
afterAll(() => database[Symbol.asyncDispose]());

/** Every row of the table as Postgres prints it, with all columns. */
async function stateRows(): Promise<string[]> {
  const { rows } = await database.pool.query<{ row: string }>(
    'select clip_states::text as row from clip_states order by clip_id',
  );
  return rows.map(({ row }) => row);
}

/** Deals events out in batches of random size. */
function batches(events: readonly ClipEvent[], random: () => number): ClipEvent[][] {
  const rest = [...events];
  const dealt: ClipEvent[][] = [];
  while (rest.length > 0) dealt.push(rest.splice(0, 1 + Math.floor(random() * 4)));
  return dealt;
}

/** Writes as the activity does: a retryable error is tried again. */
async function untilTaken(
  to: ClipRepository,
  clipId: ClipId,
  events: readonly ClipEvent[],
): ReturnType<ClipRepository['append']> {
  const result = await to.append(clipId, events);
  return result.ok || !result.error.retryable ? result : untilTaken(to, clipId, events);
}

describe('append', () => {
  it('stores every event as it was, and the state that they make', async () => {
    // Given a clip to which everything happens once
    const story = createStory({ cameraName: 'Garten "Süd" \\ 1' });
    const events = [story.recorded(), ...Object.values(NEW_EVENTS).map(story.emit)];
    // When its events are written
    const state = valueOf(await repository.append(story.clipId, events));
    // Then all of them are read back unchanged, in order, and so is the state
    expect(valueOf(await repository.events(story.clipId))).toEqual(events);
    expect(state).toEqual(foldClip(events));
    expect(valueOf(await repository.get(story.clipId))).toEqual(state);
    expect(unreadable).toEqual([]);
  });

  it('stores snake_case, and repeats in columns what lists filter by', async () => {
    // Given a clip that alerted
    const story = createStory({ recordedStartAt: '2026-03-29T00:59:59.999Z' });
    const analysed = { ...NEW_EVENTS.vlm_completed, activityType: 'Suspicious_Behavior' } as NewClipEvent;
    const events = [story.recorded(), ...[NEW_EVENTS.filter_completed, analysed, NEW_EVENTS.alert_decision_made].map(story.emit)];
    // When it is written
    valueOf(await repository.append(story.clipId, events));
    // Then anybody with psql can read it
    const { rows } = await database.pool.query('select * from clip_states where clip_id = $1', [story.clipId]);
    expect(rows).toEqual([
      {
        clip_id: story.clipId,
        data: expect.objectContaining({
          schema_version: 1,
          filter_result: expect.objectContaining({ model_sha256: 'b'.repeat(64) }),
        }),
        camera_name: 'Front Door',
        recorded_at: new Date('2026-03-29T00:59:59.999Z'),
        status: 'analyzed',
        alerted: true,
        detected: true,
        risk_level: 'high',
        activity_type: 'suspicious_behavior',
        created_at: expect.any(Date),
        updated_at: expect.any(Date),
      },
    ]);
    const log = await database.pool.query(
      `select event_data from clip_events where clip_id = $1 and event_type = 'filter_completed'`,
      [story.clipId],
    );
    expect(log.rows[0].event_data).toMatchObject({
      detected_classes: ['person', 'dog'],
      detections: [{ class_name: 'person', at_ms: 1500 }, {}],
    });
  });

  it('writes an event once, however often it arrives', async () => {
    // Given a clip whose events were written
    const story = createStory();
    const events = [story.recorded(), story.emit(NEW_EVENTS.upload_completed)];
    valueOf(await repository.append(story.clipId, events));
    const before = await stateRows();
    // When the same events come again, because an answer got lost
    valueOf(await repository.append(story.clipId, events));
    // Then nothing has changed
    expect(valueOf(await repository.events(story.clipId))).toHaveLength(2);
    expect(await stateRows()).toEqual(before);
  });

  it('keeps events that come before the recording is known, and shows no clip until then', async () => {
    // Given a clip whose first event is still on its way
    const story = createStory();
    const recorded = story.recorded();
    const later = story.emit(NEW_EVENTS.upload_completed);
    // When a later one arrives first
    const early = valueOf(await repository.append(story.clipId, [later]));
    // Then it waits, and counts as soon as the first is there
    expect(early).toBeUndefined();
    expect(valueOf(await repository.get(story.clipId))).toBeUndefined();
    expect(valueOf(await repository.append(story.clipId, [recorded]))).toMatchObject({ status: 'uploaded' });
  });

  it('survives a storm of late, repeated and simultaneous writes, and a rebuild changes no byte', async () => {
    // Given clips with everything happening to them, a reset in mid-life, and four processes that write at random
    const random = seededRandom(20261123);
    const repositories = Array.from({ length: 4 }, () => createClipRepository(database.openPool()));
    const stories = Array.from({ length: 12 }, (_, index) => {
      const story = createStory({ cameraName: `cam ${index % 3}` });
      const firstRun = [story.recorded(), ...shuffled(Object.values(NEW_EVENTS), index).slice(0, 12).map(story.emit)];
      const afterReset = [NEW_EVENTS.upload_completed, NEW_EVENTS.filter_completed, NEW_EVENTS.clip_done].map(story.emit);
      return { clipId: story.clipId, events: [...firstRun, ...afterReset] };
    });
    const appends = stories.flatMap(({ clipId, events }, index) => {
      const twice = [...shuffled(events, index), ...shuffled(events, index + 50).slice(0, 6)];
      return batches(twice, random).map((batch) => ({ clipId, batch }));
    });
    // When all of it is written at once, in an order of chance
    const results = await Promise.all(
      shuffled(appends, 7).map(({ clipId, batch }, index) => untilTaken(repositories[index % 4] ?? repository, clipId, batch)),
    );
    // Then every write succeeded and every state is the fold of its clip's events
    expect(results.filter((result) => !result.ok)).toEqual([]);
    for (const { clipId, events } of stories) {
      expect(valueOf(await repository.get(clipId))).toEqual(foldClip(events));
      expect(valueOf(await repository.events(clipId))).toEqual(events);
    }
    // And rebuilding gives the same rows, over the old ones and from nothing
    const before = await stateRows();
    const progress: number[] = [];
    const rebuilt = valueOf(await repository.rebuild({ onProgress: ({ clips }) => progress.push(clips) }));
    expect(await stateRows()).toEqual(before);
    await database.pool.query('truncate clip_states');
    valueOf(await repository.rebuild());
    expect(await stateRows()).toEqual(before);
    expect(rebuilt).toEqual({ clips: before.length, withoutState: 0 });
    expect(progress.at(-1)).toBe(before.length);
  });

  it('events of an old run that come after a reset do not undo the new run', async () => {
    // Given a run that parked, was reset, and whose successor is done; its last events are still on their way
    const story = createStory();
    const common = [story.recorded()];
    const oldRun = [story.emit(NEW_EVENTS.upload_failed), story.emit(NEW_EVENTS.clip_parked)];
    const newRun = [story.emit(NEW_EVENTS.upload_completed), story.emit(NEW_EVENTS.clip_done)];
    valueOf(await repository.append(story.clipId, [...common, ...newRun]));
    // When the old run's events arrive
    const state = valueOf(await repository.append(story.clipId, oldRun));
    // Then the clip is as the new run left it, and its history tells of both
    expect(state).toMatchObject({ status: 'done', problems: [] });
    expect(valueOf(await repository.events(story.clipId)).map((event) => event.eventType)).toEqual([
      'clip_recorded',
      'upload_failed',
      'clip_parked',
      'upload_completed',
      'clip_done',
    ]);
  });

  it('takes any text, also what Postgres cannot store', async () => {
    // Given names and messages with NUL and with halves of characters, also beside text that only looks like an escape
    const story = createStory({ cameraName: 'cam\u0000era \ud83d' });
    const failed = { ...NEW_EVENTS.upload_failed, errorMessage: 'disk\u0000 \udc00 said \\u0000 and 📷' } as NewClipEvent;
    // When they are written
    const state = valueOf(await repository.append(story.clipId, [story.recorded(), story.emit(failed)]));
    // Then only the unstorable characters are replaced
    expect(state?.cameraName).toBe('cam\ufffdera \ufffd');
    expect(state?.problems[0]?.errorMessage).toBe('disk\ufffd \ufffd said \\u0000 and 📷');
  });

  it('refuses events of another clip, and leaves that clip alone', async () => {
    // Given two clips
    const [mine, other] = [createStory(), createStory()];
    const foreign = other.recorded();
    valueOf(await repository.append(other.clipId, [foreign]));
    // When an event of the one is written for the other, also with a forged clip id
    const forged = { ...foreign, clipId: mine.clipId };
    const plain = errorOf(await repository.append(mine.clipId, [foreign]));
    const reused = errorOf(await repository.append(mine.clipId, [forged]));
    // Then that is an error that trying again does not cure
    expect([plain, reused]).toEqual([
      expect.objectContaining({ code: 'EVENT_FOREIGN', retryable: false }),
      expect.objectContaining({ code: 'EVENT_FOREIGN', retryable: false }),
    ]);
    expect(valueOf(await repository.events(mine.clipId))).toEqual([]);
  });

  it('refuses values that are none, as an error that trying again does not cure', async () => {
    // Given an event whose time is no time
    const story = createStory();
    const broken = { ...story.recorded(), timestamp: 'soon' };
    // When it is written
    const error = errorOf(await repository.append(story.clipId, [broken]));
    // Then nothing of it is kept
    expect(error).toMatchObject({ kind: 'RepositoryError', code: 'DB_REJECTED', retryable: false });
    expect(valueOf(await repository.events(story.clipId))).toEqual([]);
  });
});

describe('rows that this version cannot read', () => {
  it('are reported and left out, and hold up nothing', async () => {
    // Given a clip with an event of a newer version and two that somebody damaged
    const story = createStory();
    const events = [story.recorded(), story.emit(NEW_EVENTS.filter_completed), story.emit(NEW_EVENTS.upload_completed)];
    const extra = story.emit(NEW_EVENTS.clip_parked);
    valueOf(await repository.append(story.clipId, [...events, extra]));
    await database.pool.query(
      `insert into clip_events (id, clip_id, sequence, generation, event_type, "timestamp", event_data)
       values (gen_random_uuid(), $1, 1, 1, 'clip_eaten', now(), '{}')`,
      [story.clipId],
    );
    await database.pool.query(`update clip_events set event_data = '{"detected_classes": 7}' where id = $1`, [events[1]?.id]);
    await database.pool.query(`update clip_events set "timestamp" = 'infinity' where id = $1`, [extra.id]);
    unreadable.length = 0;
    // When the clip goes on
    const state = valueOf(await repository.append(story.clipId, [story.emit(NEW_EVENTS.clip_done)]));
    // Then what can be read counts, and the rest is told of by id
    expect(state).toMatchObject({ status: 'done', storageUri: 'local:clips/a.mp4' });
    expect(state).not.toHaveProperty('filterResult');
    expect(unreadable.map(({ table, clipId }) => ({ table, clipId }))).toEqual(
      Array.from({ length: 3 }, () => ({ table: 'clip_events', clipId: story.clipId })),
    );
    expect(unreadable.map(({ id }) => id)).toEqual(expect.arrayContaining([events[1]?.id, extra.id]));
    expect(unreadable.every(({ problem }) => problem !== '')).toBe(true);
  });

  it('a damaged state is an error of its own, and rebuild repairs it', async () => {
    // Given a clip whose state somebody damaged
    const story = createStory();
    const state = valueOf(await repository.append(story.clipId, [story.recorded()]));
    await database.pool.query(`update clip_states set data = '{"status": "odd"}' where clip_id = $1`, [story.clipId]);
    // When it is read
    const error = errorOf(await repository.get(story.clipId));
    // Then that is not mistaken for a clip that does not exist; a rebuild of this clip brings it back
    expect(error).toMatchObject({ code: 'ROW_UNREADABLE', retryable: false });
    expect(valueOf(await repository.rebuild({ clipId: story.clipId }))).toEqual({ clips: 1, withoutState: 0 });
    expect(valueOf(await repository.get(story.clipId))).toEqual(state);
  });

  it('a clip without its recording is counted by rebuild', async () => {
    // Given events that lack their first
    const story = createStory();
    valueOf(await repository.append(story.clipId, [story.emit(NEW_EVENTS.clip_done)]));
    // When their clip is rebuilt
    const report = valueOf(await repository.rebuild({ clipId: story.clipId }));
    // Then the report says so
    expect(report).toEqual({ clips: 1, withoutState: 1 });
  });
});

describe('rebuild', () => {
  it('reaches every clip of a large house, and tells how far it is', async () => {
    // Given more clips than are read at once
    await using house = await openClipDatabase();
    await house.pool.query(`
      insert into clip_events (id, clip_id, sequence, generation, event_type, "timestamp", event_data)
      select gen_random_uuid(), 'clip-' || n, 1, 1, 'clip_done', now(), '{}' from generate_series(1, 1100) as n`);
    // When all are rebuilt
    const progress: number[] = [];
    const report = valueOf(await createClipRepository(house.pool).rebuild({ onProgress: ({ clips }) => progress.push(clips) }));
    // Then none was left out
    expect(report.clips).toBe(1100);
    expect(progress).toEqual([500, 1000, 1100]);
  });
});
