import { randomUUID } from 'node:crypto';
import { type Client, type ListOptions, WorkflowIdReusePolicy } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clip } from '../../src/domain/clip.ts';
import type { StoredClip } from '../../src/domain/known.ts';
import { PIPELINE_QUEUE, PROCESS_CLIP } from '../../src/domain/process-clip.ts';
import { ok } from '../../src/domain/result.ts';
import { createRecallRuns } from '../../src/temporal/clip-history.ts';
import {
  type ClipWorld,
  failing,
  handleOf,
  held,
  openClipWorld,
  PLAN,
  PROWLER,
  queriedState,
  STORED,
} from '../support/clip-world.ts';
import { firstTask, type HistoryEvents, resetClip } from '../support/reset-clip.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.reset());

/** What the Temporal UI sends for "Start Workflow Like This One": the same type, id, queue and input, and nothing else. */
const startLikeThisOne = (clip: Clip) =>
  world.client.workflow.start(PROCESS_CLIP, {
    taskQueue: PIPELINE_QUEUE,
    workflowId: handleOf(world, clip).workflowId,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    args: [{ clip, plan: PLAN, generation: 1 }],
  });

/** The server as it is when its retention has taken a run. */
const forgetting = (runId: string): Client =>
  Object.create(world.client, {
    workflow: {
      value: Object.create(world.client.workflow, {
        list: {
          value: async function* (options: ListOptions) {
            for await (const run of world.client.workflow.list(options)) if (run.runId !== runId) yield run;
          },
        },
      }),
    },
  });

const alertsOf = (clip: Clip) => world.alerts.filter(({ alert }) => alert.clipId === clip.clipId);

describe('a clip that is started like this one', () => {
  it('is a new generation, visible in events and state, and repeats no alert that says the same', async () => {
    // Given
    const clip = await world.newClip();
    await world.start(clip);
    await handleOf(world, clip).result();
    // When
    await (await startLikeThisOne(clip)).result();
    await (await startLikeThisOne(clip)).result();
    // Then
    const restarts = world.events.filter((event) => event.eventType === 'clip_restarted');
    expect(restarts.map(({ generation }) => generation)).toEqual([2, 3]);
    expect(world.stateOf(clip)).toMatchObject({ generation: 3, status: 'done' });
    expect(await queriedState(world, clip)).toMatchObject({
      generation: 3,
      deliveries: { phone: 'sent' },
    });
    expect(alertsOf(clip).map(({ alert }) => alert.revision)).toEqual([1]);
  });

  it('is remembered with its alerts, also when Temporal has forgotten the runs before', async () => {
    // Given a second generation, which had nothing new to tell, and nothing left of the first
    const clip = await world.newClip();
    await world.start(clip);
    await handleOf(world, clip).result();
    const first = await handleOf(world, clip).describe();
    await (await startLikeThisOne(clip)).result();
    const second = await handleOf(world, clip).describe();
    const recall = createRecallRuns(() => Promise.resolve(forgetting(first.runId)));
    const asking = { workflowId: first.workflowId, runId: randomUUID() };
    // When a reset of it asks, and a third one
    const reset = await recall({ ...asking, originalRunId: second.runId });
    const third = await recall({ ...asking, originalRunId: asking.runId });
    // Then one is the second generation as before, the other comes after it, and neither alerts as if nobody had
    expect([reset, third].map(({ generation }) => generation)).toEqual([1, 2]);
    for (const { delivered } of [reset, third]) expect(delivered).toMatchObject({ phone: { revision: 1 } });
  });

  it('updates the same alert when it says something else', async () => {
    // Given
    const clip = await world.newClip();
    await world.start(clip);
    await handleOf(world, clip).result();
    world.scripts.analyze = [ok({ ...PROWLER, summary: 'The postman.' })];
    // When
    await (await startLikeThisOne(clip)).result();
    // Then
    const told = alertsOf(clip).map(({ alert }) => [alert.dedupeKey, alert.revision, alert.summary]);
    expect(told).toEqual([
      [clip.clipId, 1, PROWLER.summary],
      [clip.clipId, 2, 'The postman.'],
    ]);
  });

  it('keeps an earlier result that this time cannot be had', async () => {
    // Given
    const clip = await world.newClip();
    await world.start(clip);
    await handleOf(world, clip).result();
    world.scripts.analyze = [failing('VLM_REJECTED')];
    // When
    await startLikeThisOne(clip);
    await world.seen(clip, 'clip_parked');
    // Then
    expect(world.stateOf(clip)).toMatchObject({ status: 'parked', analysisResult: { summary: PROWLER.summary } });
    await handleOf(world, clip).cancel();
    await waitUntil('its end', () => world.stateOf(clip)?.status === 'failed');
  });
});

describe('a clip that is reset', () => {
  it('after it has alerted: goes on as the same generation and does not alert again', async () => {
    // Given
    const clip = await world.newClip();
    await world.start(clip);
    await handleOf(world, clip).result();
    // When
    await resetClip(world, clip, firstTask);
    await handleOf(world, clip).result();
    // Then
    const [restarted] = world.events.filter((event) => event.eventType === 'clip_restarted');
    expect(restarted).toMatchObject({ reset: true, generation: 1 });
    expect(world.stateOf(clip)).toMatchObject({ generation: 1, status: 'done', deliveries: [{ revision: 1, status: 'sent' }] });
    expect(alertsOf(clip).map(({ alert }) => alert.revision)).toEqual([1]);
    expect(world.calls.filter).toBe(2);
  });

  it('to a point at which its delivery was under way: has it once', async () => {
    // Given a clip whose upload ends while the alert of its visit is being delivered
    world.scripts.policy = { group_visits: {} };
    const [upload, delivery] = [held<StoredClip>(), held<void>()];
    world.scripts.upload = [upload.answer, ok(STORED)];
    world.scripts.notify = { phone: [delivery.answer, ok(undefined)] };
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'alert_decision_made');
    upload.give(ok(STORED));
    await world.seen(clip, 'upload_completed');
    delivery.give(ok(undefined));
    await handleOf(world, clip).result();
    const told = alertsOf(clip).map(({ alert }) => alert.revision);
    // When it is reset to just after the upload
    const uploaded = (events: HistoryEvents) => {
      const delivered = events.findIndex(
        (event, index) => index > 0 && isDelivery(events, event.activityTaskCompletedEventAttributes?.scheduledEventId),
      );
      return events.slice(0, delivered);
    };
    await resetClip(world, clip, uploaded);
    await handleOf(world, clip).result();
    // Then
    expect(told).toEqual([1, 2]);
    expect(alertsOf(clip).map(({ alert }) => alert.revision)).toEqual(told);
    const keys = world.events.flatMap((event) => (event.eventType === 'notification_sent' ? [event.dedupeKey] : []));
    expect(new Set(keys)).toEqual(new Set([`visit-${clip.clipId}`]));
  });

  it('to where it waited for a person: says that it waits again, whatever came after', async () => {
    // Given a clip that was parked, retried, and is done
    world.scripts.analyze = [failing('VLM_REJECTED'), ok(PROWLER)];
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
    await handleOf(world, clip).result();
    expect(world.stateOf(clip)?.status).toBe('done');
    // When
    await resetClip(world, clip, (events) =>
      events.slice(
        0,
        events.findIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes),
      ),
    );
    await world.seen(clip, 'clip_parked', 2);
    // Then
    expect(world.stateOf(clip)).toMatchObject({ status: 'parked', analysisResult: { summary: PROWLER.summary } });
    const { typedSearchAttributes } = await handleOf(world, clip).describe();
    const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({ ClipStatus: 'parked', ClipStage: 'vlm' });
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
    await handleOf(world, clip).result();
  });
});

function isDelivery(events: HistoryEvents, scheduledEventId: unknown): boolean {
  const scheduled = events.find(({ eventId }) => String(eventId) === String(scheduledEventId));
  return scheduled?.activityTaskScheduledEventAttributes?.activityType?.name === 'sendNotification';
}
