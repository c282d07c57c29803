import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type BackfillProgress,
  backfillWorkflowIdOf,
  CANCEL_UPDATE,
  PAUSE_UPDATE,
  RESUME_UPDATE,
  SET_CONCURRENCY_UPDATE,
} from '../../src/domain/backfill.ts';
import { err, ok } from '../../src/domain/result.ts';
import { pluginFailure } from '../../src/domain/stage-error.ts';
import { backfillProgress, updateBackfill } from '../../src/temporal/backfill.ts';
import { type BackfillWorld, openBackfillWorld } from '../support/backfill-world.ts';
import { ANALYSIS_RESULT, FILTER_RESULT, NEW_EVENTS } from '../support/clip-story.ts';
import { valueOf } from '../support/value-of.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: BackfillWorld;
let camera: string;
let cameras = 0;
beforeAll(async () => {
  world = await openBackfillWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.reset();
  cameras += 1;
  camera = `camera ${cameras}`;
});

const newClips = (count: number) => Promise.all(Array.from({ length: count }, () => world.newClip(camera)));
const chosen = () => ({ cameraNames: [camera] });
const handleOf = (batch: string) => world.client.workflow.getHandle(backfillWorkflowIdOf(batch));
const ended = (batch: string): Promise<BackfillProgress> => handleOf(batch).result();
const reached = (batch: string, holds: (progress: BackfillProgress) => boolean) =>
  waitUntil(`progress of ${batch}`, async () => {
    const progress = await backfillProgress(world.client, batch);
    return progress !== undefined && holds(progress);
  });

/** A stage that waits until the test lets it go; each clip takes its own turn. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  return {
    pass: async () => {
      begun += 1;
      await promise;
    },
    begun: () => begun,
    open: resolve,
  };
}

describe('a backfill', () => {
  it('runs the chosen stages over each chosen clip once, page by page, and leaves the clips as they are', async () => {
    // Given seven clips, which are three pages, and one of another camera
    const clipIds = await newClips(7);
    await world.newClip('elsewhere');
    const before = valueOf(await world.clips.get(clipIds[0] ?? expect.unreachable()));
    const configs: object[] = [];
    world.scripts.detect = async (_camera, config) => {
      configs.push(config);
      return ok({ ...FILTER_RESULT, detectedClasses: ['person', 'car'] });
    };
    // When filter and model run again, the filter with another model
    const overrides = { filter: { model: 'other' }, vlm: {}, policy: {} };
    const batch = await world.start({ selection: chosen(), overrides });
    const end = await ended(batch);
    // Then each clip stands once beside its original, with what was and what is
    expect(end).toMatchObject({ state: 'done', total: 7, inHand: 0, counts: { done: 7, failed: 0, newAlerts: 7, described: 7 } });
    expect(end.counts.promptTokens).toBe(7 * (ANALYSIS_RESULT.promptTokens ?? 0));
    expect(configs).toEqual(clipIds.map(() => ({ model: 'other' })));
    const runs = await world.runsOf(batch);
    expect(runs.map(({ clipId }) => clipId)).toEqual(clipIds.toSorted().toReversed());
    expect(runs[0]).toMatchObject({
      outcome: 'done',
      before: { filterResult: { detectedClasses: ['person', 'dog'] }, decision: { notify: false } },
      after: {
        filterResult: { detectedClasses: ['person', 'car'] },
        decision: { notify: true, notifyReason: 'risk_level=high' },
      },
      told: false,
      promoted: false,
    });
    // And the clip is as it was, nobody is alerted, no copy of its bytes is left
    expect(valueOf(await world.clips.get(clipIds[0] ?? expect.unreachable()))).toEqual(before);
    expect(world.alerts).toEqual([]);
    expect(await readdir(world.copiesDir)).toEqual([]);
  });

  it('asks only the policy anew when no stage is chosen, and needs no bytes for it', async () => {
    // Given clips whose bytes are gone
    await newClips(2);
    world.scripts.bytesGone = true;
    // When a stricter household is tried out
    const batch = await world.start({ selection: chosen(), overrides: { policy: { min_risk_level: 'low' } } });
    // Then
    expect((await ended(batch)).counts).toMatchObject({ done: 2, newAlerts: 2, described: 0 });
  });

  it('describes no clip in which the new filter sees nothing that triggers', async () => {
    // Given
    await newClips(1);
    world.scripts.detect = async () => ok({ ...FILTER_RESULT, detectedClasses: ['dog'] });
    // When
    const batch = await world.start({ selection: chosen(), overrides: { filter: {}, vlm: {}, policy: {} } });
    await ended(batch);
    // Then
    const [run] = await world.runsOf(batch);
    expect(run?.after).toMatchObject({ vlmSkipReason: 'no_trigger_classes', decision: { notifyReason: 'no_trigger_classes' } });
  });

  it('pauses, goes on, changes its width and is called off', async () => {
    // Given a run of one clip at a time, in the middle of its first
    await newClips(5);
    const first = gate();
    world.scripts.detect = async () => {
      await first.pass();
      return ok(FILTER_RESULT);
    };
    const batch = await world.start({ selection: chosen(), overrides: { filter: {}, policy: {} } }, 1);
    await waitUntil('the first clip', () => first.begun() === 1);
    // When it is paused, and the clip in hand ends
    const paused = await updateBackfill(world.client, batch, PAUSE_UPDATE);
    const widened = await updateBackfill(world.client, batch, SET_CONCURRENCY_UPDATE, 2);
    await expect(updateBackfill(world.client, batch, SET_CONCURRENCY_UPDATE, 0)).rejects.toThrow();
    first.open();
    await reached(batch, ({ inHand }) => inHand === 0);
    // Then no further clip has begun
    expect([paused.state, widened.concurrency, first.begun()]).toEqual(['paused', 2, 1]);
    // When it goes on, two at a time, and is called off
    const second = gate();
    world.scripts.detect = async () => {
      await second.pass();
      return ok(FILTER_RESULT);
    };
    await updateBackfill(world.client, batch, RESUME_UPDATE);
    await waitUntil('two clips at once', () => second.begun() === 2);
    await updateBackfill(world.client, batch, CANCEL_UPDATE);
    const end = await ended(batch);
    second.open();
    // Then it ends with what it has, and those in hand are given up
    expect(end).toMatchObject({ state: 'cancelled', inHand: 0, counts: { done: 1 } });
    expect(await world.runsOf(batch)).toHaveLength(1);
  });

  it('pauses when too much fails, goes on when told to, and lists what failed and what is gone', async () => {
    // Given a detector that fails, and a limit of two
    await newClips(4);
    world.scripts.detect = async () => err(pluginFailure('CLIP_UNREADABLE', 'scripted'));
    const batch = await world.start({ selection: chosen(), overrides: { filter: {}, policy: {} }, maxErrors: 2 }, 1);
    // When two clips have failed
    await reached(batch, ({ state }) => state === 'paused');
    const paused = await backfillProgress(world.client, batch);
    // Then it waits, and says why
    expect(paused).toMatchObject({ pausedBecause: '2 clips failed', counts: { failed: 2, done: 0 } });
    // When the bytes of the others are gone for good, and it goes on
    world.scripts.bytesGone = true;
    await updateBackfill(world.client, batch, RESUME_UPDATE);
    // Then these are skipped, and each clip says what came of it
    expect((await ended(batch)).counts).toMatchObject({ failed: 2, skipped: 2, done: 0 });
    const codes = (await world.runsOf(batch)).map(({ outcome, error }) => [outcome, error?.code]);
    const [failed, gone] = [
      ['failed', 'CLIP_UNREADABLE'],
      ['skipped', 'CLIP_MISSING'],
    ];
    expect(codes).toEqual([failed, failed, gone, gone]);
  });

  it('ends before its budget is spent', async () => {
    // Given clips that take 1500 tokens each, and a budget for three
    await newClips(6);
    // When
    const budget = { promptPrice: 1, completionPrice: 2, maxTokens: 4_600, maxCost: 1 };
    const batch = await world.start({ selection: chosen(), overrides: { vlm: {}, policy: {} }, budget }, 5);
    const end = await ended(batch);
    // Then
    expect(end).toMatchObject({ state: 'budget_reached', counts: { done: 3, promptTokens: 3_600, completionTokens: 900 } });
  });

  it('waits for a Postgres that is away', async () => {
    // Given
    await newClips(1);
    world.scripts.postgresAway = true;
    const batch = await world.start({ selection: chosen() });
    await waitUntil('an attempt in vain', async () => {
      const { raw } = await handleOf(batch).describe();
      return (raw.pendingActivities?.[0]?.attempt ?? 0) > 1;
    });
    // When
    world.scripts.postgresAway = false;
    // Then
    expect(await ended(batch)).toMatchObject({ state: 'done', counts: { done: 1 } });
  });
});

describe('with alerts', () => {
  it('tells of clips that alert now, and of each once, however many backfills find it', async () => {
    // Given a clip that nobody was told of, and one that had alerted
    const news = await world.newClip(camera);
    const told = [
      NEW_EVENTS.filter_completed,
      NEW_EVENTS.vlm_completed,
      NEW_EVENTS.alert_decision_made,
      NEW_EVENTS.notification_sent,
    ];
    await world.newClip(camera, told);
    const plan = { selection: chosen(), overrides: { vlm: {}, policy: {} }, channels: ['phone'] };
    // When two backfills find a high risk in both
    const first = await world.start(plan);
    expect((await ended(first)).counts).toMatchObject({ done: 2, told: 1 });
    const second = await world.start(plan);
    expect((await ended(second)).counts).toMatchObject({ done: 2, told: 0 });
    // Then
    expect(world.alerts).toMatchObject([{ clipId: news, dedupeKey: `reanalysis-${news}`, riskLevel: 'high', delayed: true }]);
  });
});
