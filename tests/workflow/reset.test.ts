import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StoredClip } from '../../src/domain/known.ts';
import { ok } from '../../src/domain/result.ts';
import { type ClipWorld, failing, handleOf, held, openClipWorld, PROWLER, queriedState, STORED } from '../support/clip-world.ts';
import { beforeUpdates, firstTask, resetClip } from '../support/reset-clip.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.reset());

describe('after a reset', () => {
  it('updates that an earlier run carried out do not retry or acknowledge again', async () => {
    // Given a clip that was acknowledged, parked, retried, and is parked again
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const clip = await world.newClip();
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    await handleOf(world, clip).executeUpdate('acknowledge', { args: [{ by: 'owner' }] });
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
    await world.seen(clip, 'clip_parked', 2);
    expect(world.calls.analyze).toBe(2);
    // When it is reset to the moment at which it parked first
    await resetClip(world, clip, beforeUpdates);
    await waitUntil('the new run is parked', async () => (await queriedState(world, clip)).status === 'parked');
    const state = await queriedState(world, clip);
    // Then it waits for a person, unacknowledged
    expect(state.acknowledgedBy).toBeUndefined();
    expect(world.calls.analyze).toBe(2);
    // And a person's own update works
    world.scripts.analyze = [ok(PROWLER)];
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
    await handleOf(world, clip).result();
    expect(world.calls.analyze).toBe(3);
  });

  it('events before the reset point keep their ids, later ones are new and later in order', async () => {
    // Given
    const clip = await world.newClip();
    await world.start(clip);
    await handleOf(world, clip).result();
    const before = [...world.events];
    // When
    await resetClip(world, clip, (events) => events);
    await handleOf(world, clip).result();
    // Then
    const after = world.events.slice(before.length);
    const sequenceOfEarlier = Math.max(...before.map((event) => event.sequence));
    for (const event of after) {
      const same = before.find((earlier) => earlier.id === event.id);
      if (same === undefined) expect(event.sequence).toBeGreaterThan(sequenceOfEarlier);
      else expect(event).toEqual(same);
    }
  });

  it('a clip that waits for a person waits as long once more, also when its time had been over', async () => {
    // Given a clip that was seen, but that nobody had retried in time
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const clip = await world.newClip();
    await world.start(clip, { parkForMs: 1_500 });
    await world.seen(clip, 'clip_parked');
    await handleOf(world, clip).executeUpdate('acknowledge', { args: [{ by: 'owner' }] });
    await world.seen(clip, 'clip_acknowledged');
    await world.seen(clip, 'clip_failed');
    await waitUntil('its end', async () => (await handleOf(world, clip).describe()).status.name === 'FAILED');
    // When it is reset to just before its time was over
    await resetClip(world, clip, (events) =>
      events.slice(
        0,
        events.findLastIndex((event) => event.timerFiredEventAttributes),
      ),
    );
    await world.seen(clip, 'clip_failed', 2);
    // Then
    const [again, failed] = ['clip_restarted', 'clip_failed'].map((type) =>
      world.events.findLast((each) => each.eventType === type),
    );
    expect(Date.parse(failed?.timestamp ?? '') - Date.parse(again?.timestamp ?? '')).toBeGreaterThanOrEqual(1_500);
  });

  it('grants the alert a new deadline and marks it delayed', async () => {
    // Given a clip whose deadline is long past when it is reset to its beginning
    const slow = held<StoredClip>();
    world.scripts.upload = [slow.answer, ok(STORED)];
    const clip = await world.newClip({ sealedAt: new Date(Date.now() - 50_000).toISOString() });
    await world.start(clip, { alertDeadlineMs: 50_500 });
    await waitUntil('the first alert', () => world.alerts.length === 1);
    await waitUntil('the deadline has passed', () => Date.now() > Date.parse(clip.sealedAt) + 50_500);
    // When
    await resetClip(world, clip, firstTask);
    slow.give(ok(STORED));
    await handleOf(world, clip).result();
    // Then
    expect(world.alerts.map(({ alert }) => alert.delayed)).toContain(true);
  });
});
