import type { WorkflowHandle } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clip } from '../../src/domain/clip.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { ClipEvent } from '../../src/domain/events.ts';
import { PIPELINE_QUEUE, PROCESS_CLIP } from '../../src/domain/process-clip.ts';
import { RECONCILE_CLIPS, type ReconcileRequest } from '../../src/domain/reconcile-clips.ts';
import { ok } from '../../src/domain/result.ts';
import { retryClip } from '../../src/runtime/clip-commands.ts';
import { type ClipWorld, failing, handleOf, held, openClipWorld, PLAN, queriedState, SAW_PERSON } from '../support/clip-world.ts';
import { beforeUpdates, firstTask, resetClip } from '../support/reset-clip.ts';
import { stack } from '../support/stack.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.reset());

/** Each counted once: what arrives twice is written once. */
const idsOf = (clip: Clip, eventType: ClipEvent['eventType']) =>
  new Set(world.events.filter((event) => event.clipId === clip.clipId && event.eventType === eventType).map(({ id }) => id));

/** Until the server's list has it so, too: that comes a moment after. */
async function terminate(handle: WorkflowHandle, reason?: string): Promise<void> {
  await handle.terminate(reason);
  const query = `WorkflowId = "${handle.workflowId}" AND ExecutionStatus = "Terminated"`;
  await waitUntil('the list has it', async () => (await world.client.workflow.count(query)).count > 0);
}

/** As the schedule does it. */
const reconcile = (request: ReconcileRequest = {}) =>
  world.client.workflow.execute<(request: ReconcileRequest) => Promise<number>>(RECONCILE_CLIPS, {
    args: [request],
    taskQueue: PIPELINE_QUEUE,
    workflowId: stack.uniqueName('reconcile'),
  });

const commands = () => ({
  client: world.client,
  plan: PLAN,
  readmit: () => Promise.resolve(false),
  repository: {
    get: async (clipId: Clip['clipId']) => ok(world.stateOf({ clipId })),
    append: () => Promise.reject(new Error('not asked for')),
  },
});

describe('a clip that somebody terminates', () => {
  it('is failed and set aside by the next turn, says why, once; and can be retried', async () => {
    // Given a clip that is terminated while it waits for a person, before Postgres has heard of that
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    await terminate(handleOf(world, clip), 'wrong camera');
    // When
    const found = [await reconcile(), await reconcile()];
    // Then
    expect(found).toEqual([1, 0]);
    expect(world.stateOf(clip)).toMatchObject({ status: 'failed', parkedReason: 'terminated in Temporal: wrong camera' });
    expect(world.setAside.get(clip.clipId)).toBe('terminated in Temporal: wrong camera');
    // And
    world.scripts.analyze = [
      ok({ riskLevel: 'low', activityType: 'passerby', summary: 'Nobody.', model: 'm', promptVersion: '1' }),
    ];
    expect(await retryClip(commands(), clip.clipId)).toEqual(ok({ how: 'restarted', generation: 2 }));
    await handleOf(world, clip).result();
    expect(await reconcile()).toBe(0);
    expect(world.stateOf(clip)).toMatchObject({ status: 'done', generation: 2 });
    expect(world.alerts.map(({ alert }) => alert.revision)).toEqual([1, 2]);
  });

  it('is known afterwards even when it had told nothing yet', async () => {
    // Given
    world.scripts.postgresAway = true;
    const slow = held<FilterResult>();
    world.scripts.filter = [slow.answer];
    const clip = await world.newClip();
    await world.start(clip);
    await terminate(handleOf(world, clip));
    slow.give(ok(SAW_PERSON));
    world.scripts.postgresAway = false;
    // When
    await reconcile();
    // Then
    expect(world.stateOf(clip)).toMatchObject({ status: 'failed', cameraName: clip.cameraName, localPath: clip.path });
  });

  it('is found in the same turn as all the others of a batch', async () => {
    // Given more of them than one look at the list takes
    const slow = held<FilterResult>();
    world.scripts.filter = [slow.answer];
    const clips = await Promise.all([1, 2, 3].map(() => world.newClip()));
    await Promise.all(clips.map((clip) => world.start(clip)));
    await Promise.all(clips.map((clip) => terminate(handleOf(world, clip))));
    slow.give(ok(SAW_PERSON));
    // When
    await reconcile({ clipsPerPage: 2 });
    // Then
    expect(clips.map((clip) => world.stateOf(clip)?.status)).toEqual(['failed', 'failed', 'failed']);
  });

  it('keeps what it had not got written yet, to the last event', async () => {
    // Given a clip that has alerted while Postgres was away, and while its first events were already being written
    world.scripts.postgresAway = true;
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const slow = held<FilterResult>();
    world.scripts.filter = [slow.answer];
    const clip = await world.newClip();
    await world.start(clip);
    await waitUntil('a write is refused', () => world.calls.refusedWrites > 0);
    slow.give(ok(SAW_PERSON));
    await waitUntil('it is parked', async () => (await queriedState(world, clip)).status === 'parked');
    await terminate(handleOf(world, clip), 'moved house');
    world.scripts.postgresAway = false;
    // When
    const found = [await reconcile(), await reconcile()];
    // Then
    expect(found).toEqual([1, 0]);
    const told = idsOf(clip, 'notification_sent');
    expect(told.size).toBe(1);
    expect(world.stateOf(clip)).toMatchObject({
      status: 'failed',
      parkedReason: 'terminated in Temporal: moved house',
      filterResult: SAW_PERSON,
      deliveries: [{ notifierName: 'phone', status: 'sent' }],
    });
  });

  it('when it was done but for its release, stays done, and is set aside', async () => {
    // Given
    const release = held<void>();
    world.scripts.release = release.answer;
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'clip_done');
    await terminate(handleOf(world, clip), 'the host is gone for good');
    release.give(ok(undefined));
    // When
    await reconcile();
    // Then
    expect(world.stateOf(clip)?.status).toBe('done');
    expect(world.setAside.get(clip.clipId)).toContain('the host is gone for good');
  });

  it('by a reset, before all was written: the rest is written all the same, and the clip lives', async () => {
    // Given a clip that has alerted while Postgres was away, and is then reset to its beginning
    world.scripts.postgresAway = true;
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const clip = await world.newClip();
    await world.start(clip);
    await waitUntil('it is parked', async () => (await queriedState(world, clip)).status === 'parked');
    await resetClip(world, clip, firstTask);
    world.scripts.postgresAway = false;
    await world.seen(clip, 'clip_parked');
    const before = idsOf(clip, 'notification_sent').size;
    // When
    const found = [await reconcile(), await reconcile()];
    // Then
    expect({ before, found, alerts: world.alerts.length }).toEqual({ before: 0, found: [0, 0], alerts: 1 });
    expect(idsOf(clip, 'notification_sent').size).toBe(1);
    expect(world.stateOf(clip)).toMatchObject({ status: 'parked', deliveries: [{ notifierName: 'phone', status: 'sent' }] });
    await handleOf(world, clip).cancel();
    await world.seen(clip, 'clip_failed');
  });

  it('holds up no other when nobody can make sense of it', async () => {
    // Given what somebody started by hand without a clip, and a clip that is terminated before it
    const [clip, nonsense] = [await world.newClip(), await world.newClip()];
    world.scripts.analyze = [failing('VLM_REJECTED')];
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    await terminate(handleOf(world, clip));
    const started = await world.client.workflow.start(PROCESS_CLIP, {
      taskQueue: 'nobody',
      workflowId: handleOf(world, nonsense).workflowId,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: defineSearchAttributeKey('ClipStatus', 'KEYWORD'), value: 'parked' },
      ]),
      args: [],
    });
    await terminate(started);
    // When
    const found = await reconcile();
    // Then
    expect(found).toBe(1);
    expect(world.stateOf(clip)?.status).toBe('failed');
  });

  it('by a reset is not taken for ended: it goes on in another run', async () => {
    // Given a parked clip, acknowledged, then reset: which terminates the run that was open
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    await handleOf(world, clip).executeUpdate('acknowledge', { args: [{ by: 'owner' }] });
    await resetClip(world, clip, beforeUpdates);
    await world.seen(clip, 'clip_parked', 2);
    // When
    await reconcile();
    // Then
    expect(world.setAside.has(clip.clipId)).toBe(false);
    expect(world.stateOf(clip)?.status).toBe('parked');
    await handleOf(world, clip).cancel();
    await world.seen(clip, 'clip_failed');
  });
});
