import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnalysisRun } from '../../../src/domain/backfill.ts';
import type { ClipId } from '../../../src/domain/ids.ts';
import { type AnalysisRuns, createAnalysisRuns } from '../../../src/repository/analysis-runs.ts';
import { type ClipRepository, createClipRepository } from '../../../src/repository/clip-repository.ts';
import { promoteRun } from '../../../src/runtime/promote-backfill.ts';
import { type ClipDatabase, openClipDatabase } from '../../support/clip-database.ts';
import { ANALYSIS_RESULT, createStory, FILTER_RESULT, NEW_EVENTS } from '../../support/clip-story.ts';
import { valueOf } from '../../support/value-of.ts';

let database: ClipDatabase;
let clips: ClipRepository;
let runs: AnalysisRuns;
beforeAll(async () => {
  database = await openClipDatabase();
  clips = createClipRepository(database.pool);
  runs = createAnalysisRuns(database.pool);
});
afterAll(() => database[Symbol.asyncDispose]());

const SEES_CAR = { ...FILTER_RESULT, detectedClasses: ['car'], model: 'other' };

async function newClip(cameraName: string, recordedStartAt: string): Promise<ClipId> {
  const story = createStory({ cameraName, recordedStartAt });
  const { filter_completed, vlm_completed, alert_decision_made, clip_done } = NEW_EVENTS;
  const recorded = story.recorded();
  const happened = [filter_completed, vlm_completed, alert_decision_made, clip_done].map(story.emit);
  valueOf(await clips.append(story.clipId, [recorded, ...happened]));
  return story.clipId;
}

const runOver = (batch: string, clipId: ClipId, changes: Partial<AnalysisRun> = {}): AnalysisRun => ({
  ...{ batch, clipId, outcome: 'done', told: false, configHashes: { filter: 'f'.repeat(16), policy: 'p'.repeat(16) } },
  before: { filterResult: FILTER_RESULT, analysisResult: ANALYSIS_RESULT, decision: { notify: true, notifyReason: 'x' } },
  after: {
    filterResult: SEES_CAR,
    vlmSkipReason: 'no_trigger_classes',
    decision: { notify: false, notifyReason: 'no_trigger_classes' },
  },
  ...changes,
});

it('keeps each run once, gives all in pages from the newest recording on, and counts them', async () => {
  // Given five clips
  const times = [1, 2, 3, 4, 5].map((day) => `2026-11-0${day}T10:00:00.000Z`);
  const clipIds = await Promise.all(times.map((at) => newClip('Pages', at)));
  // When a run comes to each, and to one of them twice
  for (const clipId of clipIds) valueOf(await runs.record(runOver('pages', clipId, { told: true })));
  const [oldest = expect.unreachable()] = clipIds;
  const error = { stage: 'filter', code: 'CLIP_UNREADABLE', message: 'broken' } as const;
  const failed = runOver('pages', oldest, { outcome: 'failed', error });
  valueOf(await runs.record(failed));
  // Then the pages have each once, as it was written last
  const first = valueOf(await runs.list('pages', { limit: 3 }));
  const second = valueOf(await runs.list('pages', { limit: 3, after: first.next ?? expect.unreachable() }));
  expect([...first.runs, ...second.runs].map(({ clipId }) => clipId)).toEqual(clipIds.toReversed());
  expect(second).toEqual({ runs: [expect.anything(), { ...failed, promoted: false }] });
  expect(valueOf(await runs.batches())).toMatchObject([{ batch: 'pages', done: 4, skipped: 0, failed: 1, promoted: 0 }]);
  expect([valueOf(await runs.exists('pages')), valueOf(await runs.exists('page'))]).toEqual([true, false]);
  // And who was told once stays told
  expect(valueOf(await runs.hasTold(oldest))).toBe(true);
});

it('chooses clips as a list does, by camera and label too, and knows what they took', async () => {
  // Given
  await newClip('Yard', '2026-10-01T10:00:00.000Z');
  await newClip('Door', '2026-10-02T10:00:00.000Z');
  const chosen = { cameraNames: ['Yard', 'Door'], label: 'dog' };
  // When
  const estimate = valueOf(await runs.estimate(chosen));
  // Then
  expect(valueOf(await runs.countClips(chosen))).toBe(2);
  expect(valueOf(await runs.countClips({ ...chosen, label: 'elephant' }))).toBe(0);
  expect(valueOf(await clips.list(chosen, { limit: 10 })).clips).toHaveLength(2);
  expect(estimate).toMatchObject({ clips: 2, described: 2, filterMs: 700, vlmMs: 4_000, tokens: 1_500 });
});

it('promotes a run as events, from which the same state is folded again, once', async () => {
  // Given a clip in which another model saw something else
  const clipId = await newClip('Promoted', '2026-09-01T10:00:00.000Z');
  valueOf(await runs.record(runOver('promoted', clipId)));
  const [run = expect.unreachable()] = valueOf(await runs.list('promoted', { limit: 1 })).runs;
  // When it is promoted, and once more by a process that does not know of it
  expect(valueOf(await promoteRun({ clips, runs }, run))).toBe(true);
  const promoted = valueOf(await clips.get(clipId));
  expect(valueOf(await promoteRun({ clips, runs }, run))).toBe(true);
  // Then the state has what the run found, its status as it was, and the history has both
  expect(promoted).toMatchObject({ status: 'done', filterResult: SEES_CAR, alertDecision: { notify: false } });
  const events = valueOf(await clips.events(clipId));
  expect(events.map(({ eventType }) => eventType).slice(-3)).toEqual(['clip_rechecked', 'vlm_skipped', 'alert_decision_made']);
  expect(events.find(({ eventType }) => eventType === 'clip_rechecked')).toMatchObject({
    runId: 'promoted',
    priorFilter: FILTER_RESULT,
  });
  // And folding all events anew changes nothing
  valueOf(await clips.rebuild({ clipId }));
  expect(valueOf(await clips.get(clipId))).toEqual(promoted);
  const [marked] = valueOf(await runs.list('promoted', { limit: 1 })).runs;
  expect(marked?.promoted).toBe(true);
  expect(valueOf(await promoteRun({ clips, runs }, marked ?? expect.unreachable()))).toBe(false);
});

it('promotes what was found where only the alert did not get through, and nothing of a stage that failed', async () => {
  // Given
  const [untold, unseen] = [
    await newClip('Untold', '2026-07-02T10:00:00.000Z'),
    await newClip('Unseen', '2026-07-01T10:00:00.000Z'),
  ];
  const error = { stage: 'notify', code: 'NOTIFY_UNREACHABLE', message: 'away' } as const;
  valueOf(await runs.record(runOver('failed', untold, { outcome: 'failed', error })));
  valueOf(await runs.record(runOver('failed', unseen, { outcome: 'failed', error: { ...error, stage: 'filter' } })));
  // When
  const promoted = [];
  for (const run of valueOf(await runs.list('failed', { limit: 2 })).runs)
    promoted.push(valueOf(await promoteRun({ clips, runs }, run)));
  // Then
  expect(promoted).toEqual([true, false]);
  expect(valueOf(await clips.get(untold))?.filterResult).toEqual(SEES_CAR);
});

it('leaves out a clip whose state nobody can read', async () => {
  // Given
  const clipId = await newClip('Unreadable', '2026-06-01T10:00:00.000Z');
  valueOf(await runs.record(runOver('unreadable', clipId)));
  await database.pool.query(`update clip_states set data = data - 'size_bytes' where clip_id = $1`, [clipId]);
  const [run = expect.unreachable()] = valueOf(await runs.list('unreadable', { limit: 1 })).runs;
  // When, Then
  expect(valueOf(await promoteRun({ clips, runs }, run))).toBe(false);
});

it('promotes what a run finds when it comes to the clip once more, as after a reset', async () => {
  // Given a run that was promoted, and written once more as it was
  const clipId = await newClip('Again', '2026-08-01T10:00:00.000Z');
  const only = async () => valueOf(await runs.list('again', { limit: 1 })).runs[0] ?? expect.unreachable();
  valueOf(await runs.record(runOver('again', clipId)));
  valueOf(await promoteRun({ clips, runs }, await only()));
  valueOf(await runs.record(runOver('again', clipId)));
  expect((await only()).promoted).toBe(true);
  // When it finds something else
  const filterResult = { ...SEES_CAR, detectedClasses: ['cat'] };
  valueOf(await runs.record(runOver('again', clipId, { after: { ...runOver('again', clipId).after, filterResult } })));
  // Then that can be promoted, too
  expect(valueOf(await promoteRun({ clips, runs }, await only()))).toBe(true);
  expect(valueOf(await clips.get(clipId))?.filterResult).toEqual(filterResult);
});
