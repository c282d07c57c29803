import { readdir } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  type BackfillProgress,
  backfillWorkflowIdOf,
  CANCEL_UPDATE,
  PAUSE_UPDATE,
  RESUME_UPDATE,
  reanalyzeWorkflowIdOf,
  SET_CONCURRENCY_UPDATE,
} from '../../src/domain/backfill.ts';
import { err, ok } from '../../src/domain/result.ts';
import { pluginFailure } from '../../src/domain/stage-error.ts';
import { backfillProgress, updateBackfill } from '../../src/temporal/backfill.ts';
import { type BackfillWorld, GPU_PLACES, LIVE, openBackfillWorld, PAGE_CLIPS } from '../support/backfill-world.ts';
import { ANALYSIS_RESULT, FILTER_RESULT, NEW_EVENTS } from '../support/clip-story.ts';
import { type Gate, gate } from '../support/gate.ts';
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

function detectorWaits(turn: Gate): void {
  world.scripts.detect = async () => {
    await turn.pass();
    return ok(FILTER_RESULT);
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

  it('loses no clip by a worker that stops, were it in its last attempt', async () => {
    // Given clips that have one attempt, and a worker that stops in the middle of the first
    await newClips(2);
    let attempts = 0;
    world.scripts.detect = async () => {
      attempts += 1;
      if (attempts === 1) throw ApplicationFailure.create({ type: 'WorkerShutdown', message: 'scripted' });
      return ok(FILTER_RESULT);
    };
    // When
    const batch = await world.start({ selection: chosen(), overrides: { filter: {}, policy: {} } }, 1);
    // Then
    expect(await ended(batch)).toMatchObject({ state: 'done', counts: { done: 2, failed: 0 } });
    expect(attempts).toBe(3);
  });

  it('pauses, goes on, changes its width and is called off', async () => {
    // Given a run of one clip at a time, in the middle of its first
    await newClips(5);
    const first = gate();
    detectorWaits(first);
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
    detectorWaits(second);
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

  it('pauses where the model counts no tokens, since no budget could be kept', async () => {
    // Given
    await newClips(2);
    const { promptTokens: _in, completionTokens: _out, ...uncounted } = ANALYSIS_RESULT;
    world.scripts.describe = async () => ok(uncounted);
    const budget = { promptPrice: 0, completionPrice: 0, maxTokens: 1_000 };
    // When
    const batch = await world.start({ selection: chosen(), overrides: { vlm: {}, policy: {} }, budget });
    await reached(batch, ({ state, inHand }) => state === 'paused' && inHand === 0);
    // Then whoever goes on knows it
    expect((await backfillProgress(world.client, batch))?.pausedBecause).toMatch(/counts no tokens/);
    await updateBackfill(world.client, batch, RESUME_UPDATE);
    expect(await ended(batch)).toMatchObject({ state: 'done', counts: { described: 2 } });
  });

  it('says of each clip that a worker of another configuration refuses what it was asked for', async () => {
    // Given a policy that does not know the setting
    await newClips(1);
    // When
    const batch = await world.start({ selection: chosen(), overrides: { policy: { min_risk: 'low' } } });
    // Then
    expect((await ended(batch)).counts).toMatchObject({ failed: 1, done: 0 });
    expect((await world.runsOf(batch))[0]?.error).toMatchObject({ stage: 'policy', code: 'OVERRIDE_REFUSED' });
  });

  it('lists a clip whose state nobody can read any more', async () => {
    // Given
    const [clipId = expect.unreachable()] = await newClips(2);
    await world.spoilState(clipId);
    // When
    const batch = await world.start({ selection: chosen() });
    // Then
    expect(await ended(batch)).toMatchObject({ total: 2, counts: { done: 1, skipped: 1 } });
    const skipped = (await world.runsOf(batch)).find(({ outcome }) => outcome === 'skipped');
    expect(skipped).toMatchObject({ clipId, error: { stage: 'read', code: 'CLIP_MISSING' } });
  });

  it('that was terminated is known as stopped', async () => {
    // Given
    await newClips(1);
    const first = gate();
    detectorWaits(first);
    const batch = await world.start({ selection: chosen(), overrides: { filter: {}, policy: {} } });
    await waitUntil('the clip', () => first.begun() === 1);
    // When
    await handleOf(batch).terminate();
    first.open();
    // Then
    await reached(batch, ({ state }) => state === 'stopped');
  });

  it('that is reset looks again at what was in hand, and takes none of it for a failure', async () => {
    // Given
    await newClips(2);
    const first = gate();
    detectorWaits(first);
    const batch = await world.start({ selection: chosen(), overrides: { filter: {}, policy: {} } });
    await waitUntil('both clips', () => first.begun() === 2);
    // When
    await world.resetToBeginning(batch);
    await waitUntil('both clips again', () => first.begun() === 4);
    first.open();
    // Then
    expect(await ended(batch)).toMatchObject({ state: 'done', total: 2, counts: { done: 2, failed: 0 } });
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

  it('leaves clips that are under way to their own workflow, and those that a cool-down held back to the owner', async () => {
    // Given
    await world.newClip(camera, [NEW_EVENTS.upload_completed]);
    const { filter_completed, vlm_completed, alert_decision_made, alert_suppressed, clip_done } = NEW_EVENTS;
    await world.newClip(camera, [filter_completed, vlm_completed, alert_decision_made, alert_suppressed, clip_done]);
    // When
    const batch = await world.start({ selection: chosen(), overrides: { filter: {}, vlm: {}, policy: {} }, channels: ['phone'] });
    // Then the first, which has not decided yet, counts as one that would alert
    expect((await ended(batch)).counts).toMatchObject({ done: 2, newAlerts: 1, told: 0 });
    expect(world.alerts).toEqual([]);
  });

  it('repeats nothing that one channel took before the backfill was called off', async () => {
    // Given a channel that has taken the alert, and another that is at it
    await newClips(1);
    const mail = gate();
    world.scripts.notify = (channel) => (channel === 'mail' ? mail.pass() : Promise.resolve());
    const plan = { selection: chosen(), overrides: { vlm: {}, policy: {} }, channels: ['phone', 'mail'] };
    const first = await world.start(plan);
    await waitUntil('both channels', () => world.alerts.length === 1 && mail.begun() === 1);
    // When it is called off, and another comes to the clip
    await updateBackfill(world.client, first, CANCEL_UPDATE);
    mail.open();
    await ended(first);
    expect((await ended(await world.start(plan))).counts.told).toBe(0);
    // Then
    expect(world.alerts.map(({ channel }) => channel)).toEqual(['phone', 'mail']);
  });
});

describe('behind live clips', () => {
  it('every task of a backfill is of the lowest priority', async () => {
    // Given a backfill that used every activity there is
    const [clipId = expect.unreachable()] = await newClips(1);
    const overrides = { filter: {}, vlm: {}, policy: {} };
    const batch = await world.start({ selection: chosen(), overrides, channels: ['phone'] });
    await ended(batch);
    // When
    const workflowIds = [backfillWorkflowIdOf(batch), reanalyzeWorkflowIdOf(batch, clipId)];
    const histories = await Promise.all(workflowIds.map((id) => world.client.workflow.getHandle(id).fetchHistory()));
    // Then
    const priorities = histories
      .flatMap(({ events }) => events ?? [])
      .flatMap(({ activityTaskScheduledEventAttributes: activity, workflowExecutionStartedEventAttributes: workflow }) => {
        const task = activity ?? workflow;
        return task ? [[activity?.activityType?.name ?? 'workflow', task.priority?.priorityKey]] : [];
      });
    const names = ['workflow', 'countClipsToAnalyze', 'listClipsToAnalyze', 'workflow', 'readClipBefore', 'detectAgain'];
    const tail = ['describeAgain', 'recordAnalysisRun', 'sendNotification', 'recordAnalysisRun'];
    expect(priorities).toEqual([...names, ...tail].map((name) => [name, 5]));
  });

  it('new clips have the detector at once; old ones stand still in the middle, and go on as places become free', async () => {
    // Given a detector whose places are all taken by old clips, each between two of its frames
    await newClips(PAGE_CLIPS + 1);
    const [between, atEnd] = [gate(), gate()];
    const newInHand: (() => void)[] = [];
    onTestFinished(() => [...newInHand, between.open, atEnd.open].forEach((open) => open()));
    world.scripts.detect = async (_camera, config, giveWay) => {
      if (config === LIVE) await new Promise<void>((finish) => newInHand.push(finish));
      else await between.pass().then(giveWay).then(atEnd.pass);
      return ok(FILTER_RESULT);
    };
    const filterAgain = { selection: chosen(), overrides: { filter: {}, policy: {} } };
    const batches = await Promise.all([world.start(filterAgain, 2), world.start(filterAgain, 2)]);
    await waitUntil('every place', () => between.begun() === GPU_PLACES);
    // When as many new ones come
    const live = await Promise.all(Array.from({ length: GPU_PLACES }, () => world.startLive(camera)));
    await waitUntil('all of them', () => newInHand.length === GPU_PLACES);
    between.open();
    // Then none of the old ones goes on before a new one has ended, and then one for each
    for (let places = 0; places < GPU_PLACES; places += 1) {
      expect(atEnd.begun()).toBe(places);
      newInHand.pop()?.();
      await waitUntil('an old one', () => atEnd.begun() > places);
    }
    atEnd.open();
    await Promise.all(live.map((handle) => handle.terminate()));
    for (const batch of batches) expect(await ended(batch)).toMatchObject({ state: 'done' });
  });

  it('of what waits for the worker, a new clip is next', async () => {
    // Given a detector whose places are all taken by new clips, and clips of a backfill in the queue
    await newClips(PAGE_CLIPS);
    const [order, inHand] = [[] as string[], [] as (() => void)[]];
    world.scripts.detect = (_camera, config) => {
      order.push(config === LIVE ? 'new' : 'old');
      return new Promise((resolve) => inHand.push(() => resolve(ok(FILTER_RESULT))));
    };
    onTestFinished(() => inHand.forEach((finish) => finish()));
    const before = await Promise.all(Array.from({ length: GPU_PLACES }, () => world.startLive(camera)));
    await waitUntil('every place', () => order.length === GPU_PLACES);
    const batch = await world.start({ selection: chosen(), overrides: { filter: {}, policy: {} } }, PAGE_CLIPS);
    await reached(batch, ({ inHand: begun }) => begun === PAGE_CLIPS);
    // When one more comes, and one place becomes free
    const live = await world.startLive(camera);
    const queue = { 2: 1, 5: PAGE_CLIPS };
    await waitUntil('all in the queue', async () => isDeepStrictEqual(await world.gpuBacklog(), queue));
    inHand.shift()?.();
    await waitUntil('the next', () => order.length === GPU_PLACES + 1);
    // Then
    expect(order.at(-1)).toBe('new');
    await Promise.all([...before, live].map((handle) => handle.terminate()));
    await updateBackfill(world.client, batch, CANCEL_UPDATE);
    await ended(batch);
  });
});
