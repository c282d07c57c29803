import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ok } from '../../src/domain/result.ts';
import {
  type ClipWorld,
  failing,
  handleOf,
  openClipWorld,
  PROWLER,
  queriedState,
  SAW_PERSON,
  STORED,
} from '../support/clip-world.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.reset());

describe('a stage that fails for good', () => {
  it('leaves no silence: with a broken detector the alert goes out unverified, and a retry verifies it', async () => {
    // Given
    world.scripts.filter = [failing('FILTER_CRASHED'), failing('FILTER_CRASHED'), ok(SAW_PERSON)];
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    const parked = await queriedState(world, clip);
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'filter' }] });
    await handleOf(world, clip).result();
    // Then
    expect(parked).toMatchObject({
      status: 'parked',
      failedStages: ['filter'],
      filter: { state: 'failed', error: { code: 'FILTER_CRASHED' } },
    });
    expect(world.alerts.map(({ alert }) => [alert.revision, alert.unverified, alert.notifyReason])).toEqual([
      [1, true, 'unverified_filter_failed'],
      [2, false, 'risk_level=high'],
    ]);
    const failures = world.events.filter((event) => event.eventType === 'filter_failed');
    expect(failures.map((event) => [event.attempt, event.willRetry])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  it('is retried at once by the server when that can help, each attempt an event', async () => {
    // Given
    world.scripts.upload = [failing('STORAGE_UNREACHABLE'), ok(STORED)];
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await handleOf(world, clip).result();
    // Then
    expect(world.calls.upload).toBe(2);
    expect(world.events).toContainEqual(
      expect.objectContaining({ eventType: 'upload_failed', attempt: 1, errorCode: 'STORAGE_UNREACHABLE', willRetry: true }),
    );
    expect(world.events).toContainEqual(expect.objectContaining({ eventType: 'upload_completed', attempt: 2 }));
  });

  it('is not repeated when that cannot help: the clip parks, tells why, and goes on when a person says so', async () => {
    // Given
    world.scripts.upload = [failing('STORAGE_DENIED'), ok(STORED)];
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    const { typedSearchAttributes } = await handleOf(world, clip).describe();
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'upload' }] });
    await handleOf(world, clip).result();
    // Then
    const attributes = Object.fromEntries(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({ ClipStatus: 'parked', ClipStage: 'upload', ClipErrorCode: 'STORAGE_DENIED' });
    expect(world.alerts.at(-1)?.alert).toMatchObject({ storageUri: 'memory:clip', uploadFailed: false });
    expect(world.released).toEqual([{ clipId: clip.clipId, uploaded: true }]);
  });

  it('is told in the alert when it is the model', async () => {
    // Given
    world.scripts.analyze = [failing('VLM_REJECTED'), ok(PROWLER)];
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    // Then
    expect(world.alerts.map(({ alert }) => [alert.vlmFailed, alert.notifyReason])).toEqual([
      [true, 'filter_detected_trigger_vlm_failed'],
    ]);
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
    await handleOf(world, clip).result();
  });

  it('holds up no other channel when it is one channel, and that one gets its first alert as the first', async () => {
    // Given
    world.scripts.notify = { phone: [failing('NOTIFY_REJECTED'), ok(undefined)], mail: [ok(undefined)] };
    const clip = await world.newClip();
    // When
    await world.start(clip, { channels: ['phone', 'mail'] });
    await world.seen(clip, 'clip_parked');
    const beforeRetry = world.alerts.map(({ channel }) => channel);
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'notify' }] });
    await handleOf(world, clip).result();
    // Then
    expect(beforeRetry).toEqual(['mail']);
    expect(world.alerts.map(({ channel, alert }) => [channel, alert.revision])).toEqual([
      ['mail', 1],
      ['phone', 1],
    ]);
  });

  it('ends the clip visibly when nobody has it retried in time', async () => {
    // Given
    world.scripts.upload = [failing('STORAGE_DENIED')];
    const clip = await world.newClip();
    // When
    await world.start(clip, { parkForMs: 100 });
    const ending = await handleOf(world, clip)
      .result()
      .catch((error: unknown) => error);
    // Then
    expect(ending).toBeInstanceOf(WorkflowFailedError);
    expect(world.eventTypes(clip).slice(-2)).toEqual(['clip_parked', 'clip_failed']);
    expect(world.released).toEqual([{ clipId: clip.clipId, uploaded: false }]);
  });
});

describe('a policy that fails', () => {
  it('is no reason for silence', async () => {
    // Given
    world.scripts.policyFails = true;
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await handleOf(world, clip).result();
    // Then
    expect(world.alerts.map(({ alert }) => alert.notifyReason)).toEqual(['policy_failed']);
  });
});

describe('local bytes that are gone', () => {
  it('are no failure when an earlier run has uploaded them', async () => {
    // Given
    world.scripts.upload = [failing('CLIP_MISSING')];
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await handleOf(world, clip).result();
    // Then
    expect(world.events).toContainEqual(expect.objectContaining({ eventType: 'upload_completed', storageUri: 'memory:clip' }));
  });

  it('park the clip when storage has no copy either', async () => {
    // Given
    world.scripts.upload = [failing('CLIP_MISSING')];
    world.scripts.verify = [ok(undefined)];
    const clip = await world.newClip();
    // When
    await world.start(clip, { parkForMs: 100 });
    await handleOf(world, clip)
      .result()
      .catch(() => undefined);
    // Then
    expect(world.events).toContainEqual(
      expect.objectContaining({ eventType: 'upload_failed', errorCode: 'CLIP_MISSING', willRetry: false }),
    );
  });
});

describe('Postgres away', () => {
  it('delays rows and nothing else; then each event is there once, in order', async () => {
    // Given
    world.scripts.postgresAway = true;
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await waitUntil('the alert', () => world.alerts.length === 1);
    await waitUntil('a write is refused', () => world.calls.refusedWrites > 0);
    const released = [...world.released];
    world.scripts.postgresAway = false;
    await handleOf(world, clip).result();
    // Then the clip was not let go before its story was written
    expect(released).toEqual([]);
    expect(world.eventTypes(clip).at(-1)).toBe('clip_done');
    const sequences = world.events.map((event) => event.sequence);
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
  });

  it('keeps nobody from having a parked clip retried', async () => {
    // Given
    world.scripts.postgresAway = true;
    world.scripts.analyze = [failing('VLM_REJECTED'), ok(PROWLER)];
    const clip = await world.newClip();
    await world.start(clip);
    await waitUntil('it is parked', async () => (await queriedState(world, clip)).status === 'parked');
    // When
    await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
    await waitUntil('the update of the alert', () => world.alerts.length === 2);
    // Then
    expect(world.alerts.map(({ alert }) => alert.vlmFailed)).toEqual([true, false]);
    world.scripts.postgresAway = false;
    await handleOf(world, clip).result();
    expect(world.eventTypes(clip)).toContain('clip_parked');
  });
});
