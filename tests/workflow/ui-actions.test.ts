import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clip } from '../../src/domain/clip.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import { workflowIdOf } from '../../src/domain/ids.ts';
import { ok } from '../../src/domain/result.ts';
import { matchingClips, resetClip as resetByCommand, retryClip } from '../../src/runtime/clip-commands.ts';
import { isLatestRun } from '../../src/temporal/latest-run.ts';
import {
  type ClipWorld,
  failing,
  handleOf,
  held,
  openClipWorld,
  PLAN,
  PROWLER,
  SAW_PERSON,
  STORED,
} from '../support/clip-world.ts';
import { resetClip } from '../support/reset-clip.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.reset());

const commands = () => ({
  client: world.client,
  plan: PLAN,
  readmit: () => Promise.resolve(false),
  repository: {
    get: async (clipId: Clip['clipId']) => ok(world.stateOf({ clipId })),
    append: () => Promise.reject(new Error('not asked for')),
  },
});

/** What the buttons of a pending activity send. */
const activityOf = (clip: Clip, type: string) => ({
  namespace: world.client.options.namespace,
  execution: { workflowId: handleOf(world, clip).workflowId },
  type,
});

const pending = async (clip: Clip, type: string) => {
  const { raw } = await handleOf(world, clip).describe();
  return raw.pendingActivities?.find(({ activityType }) => activityType?.name === type);
};

describe('a pending activity', () => {
  it('that is paused is not tried any more, holds up no alert, and goes on when it is unpaused', async () => {
    // Given an upload that fails again and again
    world.scripts.upload = [failing('STORAGE_UNREACHABLE')];
    const clip = await world.newClip();
    await world.start(clip);
    await waitUntil('an attempt', () => world.calls.upload > 0);
    // When
    await world.client.workflowService.pauseActivity({ ...activityOf(clip, 'uploadClip'), reason: 'NAS is being moved' });
    await world.seen(clip, 'notification_sent');
    // Then
    expect(await pending(clip, 'uploadClip')).toMatchObject({ paused: true });
    const attempts = world.calls.upload;
    world.scripts.upload = [ok(STORED)];
    await world.client.workflowService.unpauseActivity({ ...activityOf(clip, 'uploadClip'), resetAttempts: false });
    await handleOf(world, clip).result();
    expect(world.calls.upload).toBe(attempts + 1);
    expect(world.stateOf(clip)).toMatchObject({ status: 'done', problems: [] });
  });

  it('that is reset is tried at once and from its first attempt', async () => {
    // Given a filter whose second attempt is an hour away
    world.scripts.filter = [failing('FILTER_CRASHED'), ok(SAW_PERSON)];
    const clip = await world.newClip();
    await world.start(clip, { backoffMs: 3_600_000 });
    await waitUntil('it waits', async () => Number((await pending(clip, 'detectObjects'))?.attempt) === 2);
    // When
    await world.client.workflowService.resetActivity(activityOf(clip, 'detectObjects'));
    await handleOf(world, clip).result();
    // Then
    expect(world.events).toContainEqual(expect.objectContaining({ eventType: 'filter_completed', attempt: 1 }));
  });

  it('whose options are changed goes by these from then on', async () => {
    // Given a filter that is at its last attempt
    const last = held<FilterResult>();
    world.scripts.filter = [failing('FILTER_CRASHED'), last.answer, ok(SAW_PERSON)];
    const clip = await world.newClip();
    await world.start(clip, { maxAttempts: 2 });
    await waitUntil('the last attempt', () => world.calls.filter === 2);
    // When
    await world.client.workflowService.updateActivityOptions({
      ...activityOf(clip, 'detectObjects'),
      activityOptions: { retryPolicy: { maximumAttempts: 9 } },
      updateMask: { paths: ['retry_policy.maximum_attempts'] },
    });
    last.give(failing('FILTER_CRASHED'));
    await handleOf(world, clip).result();
    // Then
    expect(world.calls.filter).toBe(3);
    expect(world.stateOf(clip)?.status).toBe('done');
  });
});

describe('many clips that failed', () => {
  it('are reset as one batch by what they have in common', async () => {
    // Given three clips that nobody had retried in time, and one that failed elsewhere
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const clips = await Promise.all([1, 2, 3].map(() => world.newClip()));
    await Promise.all(clips.map((clip) => world.start(clip, { parkForMs: 100 })));
    await Promise.all(clips.map((clip) => world.seen(clip, 'clip_failed')));
    const query = 'ClipStatus="failed" AND ClipErrorCode="VLM_REJECTED"';
    await waitUntil('all are listed', async () => (await world.client.workflow.count(query)).count === 3);
    world.scripts.analyze = [ok(PROWLER)];
    // When
    await world.client.workflowService.startBatchOperation({
      namespace: world.client.options.namespace,
      jobId: randomUUID(),
      reason: 'the key is right now',
      visibilityQuery: query,
      resetOperation: { identity: 'test', options: { firstWorkflowTask: {} } },
    });
    await Promise.all(clips.map((clip) => world.seen(clip, 'clip_done')));
    // Then
    for (const clip of clips) {
      expect(world.stateOf(clip)).toMatchObject({ status: 'done', generation: 1, analysisResult: { riskLevel: 'high' } });
      const revisions = world.alerts.filter(({ alert }) => alert.clipId === clip.clipId).map(({ alert }) => alert.revision);
      expect(revisions).toEqual([1, 2]);
    }
  });
});

describe('from the shell', () => {
  it('clips are found in the words of the Temporal UI, each once, as their latest run stands', async () => {
    // Given a clip that failed and was then done in another run, and one that is parked
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const [mended, parked] = [await world.newClip(), await world.newClip()];
    await world.start(mended, { parkForMs: 100 });
    await world.seen(mended, 'clip_failed');
    await world.start(parked);
    await world.seen(parked, 'clip_parked');
    world.scripts.analyze = [ok(PROWLER)];
    await waitUntil('it has ended', async () => (await handleOf(world, mended).describe()).status.name === 'FAILED');
    // When
    expect(await resetByCommand(commands(), mended.clipId, 'vlm')).toEqual(ok(undefined));
    await world.seen(mended, 'clip_done');
    const [failed, waiting, wrong] = [
      await matchingClips(commands(), `ClipStatus="failed" AND ClipErrorCode="VLM_REJECTED"`),
      await matchingClips(commands(), 'ClipStatus="parked"'),
      await matchingClips(commands(), 'ClipStatus parked'),
    ];
    // Then
    expect(failed).toEqual(ok([]));
    const line = { clipId: parked.clipId, camera: 'Front door', status: 'parked', stage: 'vlm', errorCode: 'VLM_REJECTED' };
    expect(waiting).toEqual(ok([line]));
    expect(wrong).toMatchObject({
      ok: false,
      error: {
        code: 'filter_invalid',
        message: expect.stringMatching(/^Temporal does not understand the filter: (?!invalid query)/),
      },
    });
    expect(world.calls.filter).toBe(2);
    expect(await retryClip(commands(), parked.clipId)).toEqual(ok({ how: 'retried', stages: ['vlm'] }));
    await handleOf(world, parked).result();
  });

  it('a clip is reset to before a stage, unless it has not come to that', async () => {
    // Given
    world.scripts.filter = [failing('FILTER_CRASHED')];
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    // When
    const early = await resetByCommand(commands(), clip.clipId, 'vlm');
    world.scripts.filter = [ok(SAW_PERSON)];
    const reset = await resetByCommand(commands(), clip.clipId, 'filter');
    await world.seen(clip, 'clip_done');
    // Then
    expect(early).toMatchObject({ ok: false, error: { code: 'refused', message: expect.stringContaining('vlm') } });
    expect(reset).toEqual(ok(undefined));
    expect(world.alerts.map(({ alert }) => [alert.revision, alert.unverified])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  it('of two that start a clip again at once one is refused, and so is whoever starts a deleted one', async () => {
    // Given
    const clip = await world.newClip();
    await world.start(clip);
    await handleOf(world, clip).result();
    // When
    const both = await Promise.all([retryClip(commands(), clip.clipId), retryClip(commands(), clip.clipId)]);
    await handleOf(world, clip).result();
    const { generation = 0, lastSequence = 0 } = world.stateOf(clip) ?? {};
    const stamp = { id: randomUUID(), clipId: clip.clipId, timestamp: new Date().toISOString(), generation };
    const gone = { reason: 'test', runId: 'test', deletedLocal: true, deletedStorage: true };
    world.events.push({ eventType: 'clip_deleted', sequence: lastSequence + 1, ...stamp, ...gone });
    const deleted = await retryClip(commands(), clip.clipId);
    // Then
    expect(both).toContainEqual(ok({ how: 'restarted', generation: 2 }));
    expect(both).toContainEqual(expect.objectContaining({ ok: false, error: expect.objectContaining({ code: 'refused' }) }));
    expect(deleted).toMatchObject({ ok: false, error: { code: 'refused', message: expect.stringContaining('deleted') } });
  });

  it('a clip that Temporal has forgotten since it was listed is nobody any more', async () => {
    // Given what a list may still show
    const { clipId } = await world.newClip();
    // When
    const isLatest = isLatestRun(world.client, { workflowId: workflowIdOf(clipId), runId: randomUUID() });
    // Then
    await expect(isLatest).resolves.toBe(false);
  });

  it('a retry that meets a reset is refused: it cannot be told from those that the reset repeats', async () => {
    // Given a parked clip that is reset while no worker looks
    world.scripts.analyze = [failing('VLM_REJECTED'), ok(PROWLER)];
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    await world.pipeline.stop();
    await resetClip(world, clip, (events) => events);
    // When
    const answer = retryClip(commands(), clip.clipId, 'vlm');
    // The server has it before this answer comes over the same connection.
    await handleOf(world, clip).describe();
    await world.pipeline.start();
    // Then
    expect(await answer).toMatchObject({
      ok: false,
      error: { code: 'refused', message: expect.stringContaining('being reset') },
    });
    expect(await retryClip(commands(), clip.clipId, 'vlm')).toEqual(ok({ how: 'retried', stages: ['vlm'] }));
    await handleOf(world, clip).result();
  });
});
