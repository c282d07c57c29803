import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clip } from '../../src/domain/clip.ts';
import { foldClip } from '../../src/domain/clip-state.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { StoredClip } from '../../src/domain/known.ts';
import type { ProcessClipState } from '../../src/domain/process-clip.ts';
import { ok } from '../../src/domain/result.ts';
import { startClip } from '../../src/temporal/start-clip.ts';
import {
  type ClipWorld,
  failing,
  handleOf,
  held,
  openClipWorld,
  PLAN,
  PROWLER,
  SAW_NOTHING,
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

const stateOf = (clip: Clip) => handleOf(world, clip).query<ProcessClipState>('state');

describe('a clip on a good day', () => {
  it('is uploaded, seen, described, judged, announced, recorded and released', async () => {
    // Given
    const clip = await world.newClip();
    // When
    await world.start(clip);
    const result = await handleOf(world, clip).result();
    // Then
    expect(result).toEqual({ status: 'done', notified: true });
    expect(world.alerts).toHaveLength(1);
    expect(world.alerts[0]).toMatchObject({
      channel: 'phone',
      alert: {
        dedupeKey: clip.clipId,
        revision: 1,
        riskLevel: 'high',
        storageUri: 'memory:clip',
        unverified: false,
        delayed: false,
      },
    });
    expect(world.released).toEqual([{ clipId: clip.clipId, uploaded: true }]);
    const told = world.eventTypes(clip);
    expect(told.slice(0, 3)).toEqual(['clip_recorded', 'upload_started', 'filter_started']);
    expect(told.filter((type) => type.startsWith('upload'))).toEqual(['upload_started', 'upload_completed']);
    const look = ['filter_started', 'filter_completed', 'vlm_started', 'vlm_completed'];
    const rest = told.slice(1).filter((type) => !type.startsWith('upload'));
    expect(rest).toEqual([...look, 'alert_decision_made', 'notification_sent', 'clip_done']);
  });

  it('shows itself in the search attributes and summary of the Temporal UI', async () => {
    // Given
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await handleOf(world, clip).result();
    // Then
    const described = await handleOf(world, clip).describe();
    const attributes = Object.fromEntries(described.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({ ClipCamera: 'Front door', ClipStatus: 'done', ClipLabels: ['person'] });
    expect(await described.staticSummary()).toMatch(/^Front door · \d{4}-/);
  });

  it('starts once however often it is handed over, and never again when it has ended', async () => {
    // Given
    const clip = await world.newClip();
    await Promise.all([world.start(clip), world.start(clip), world.start(clip)]);
    await handleOf(world, clip).result();
    // When
    const again = await startClip(world.client, { clip, plan: PLAN, generation: 1 });
    // Then
    expect(again).toMatchObject({ ok: false, error: { kind: 'closed' } });
    expect(world.calls.upload).toBe(1);
  });

  it.each([
    { runMode: 'trigger_only', saw: SAW_NOTHING, reason: 'no_trigger_classes' },
    { runMode: 'never', saw: SAW_PERSON, reason: 'run_mode_never' },
  ] as const)('asks no model in run mode $runMode when that says so: $reason', async ({ runMode, saw, reason }) => {
    // Given
    world.scripts.filter = [ok(saw)];
    const clip = await world.newClip();
    // When
    await world.start(clip, { runMode });
    await handleOf(world, clip).result();
    // Then
    expect(world.calls.analyze).toBe(0);
    expect(world.events).toContainEqual(expect.objectContaining({ eventType: 'vlm_skipped', reason }));
  });

  it('asks the model in run mode always, whatever the filter saw', async () => {
    // Given
    world.scripts.filter = [ok(SAW_NOTHING)];
    const clip = await world.newClip();
    // When
    await world.start(clip, { runMode: 'always' });
    await handleOf(world, clip).result();
    // Then
    expect(world.calls.analyze).toBe(1);
  });
});

describe('the deadline of an alert', () => {
  it('is kept with what is known, and what comes later updates the same alert', async () => {
    // Given a detector that is not done by the deadline
    const slow = held<FilterResult>();
    world.scripts.filter = [slow.answer];
    const clip = await world.newClip();
    // When
    await world.start(clip, { alertDeadlineMs: 300 });
    await waitUntil('the first alert', () => world.alerts.length === 1);
    slow.give(ok(SAW_PERSON));
    await handleOf(world, clip).result();
    // Then
    expect(world.alerts.map(({ alert }) => [alert.revision, alert.dedupeKey, alert.unverified, alert.notifyReason])).toEqual([
      [1, clip.clipId, true, 'unverified_filter_pending'],
      [2, clip.clipId, false, 'risk_level=high'],
    ]);
  });

  it('does not wait for an upload; its link follows as an update', async () => {
    // Given
    const slow = held<StoredClip>();
    world.scripts.upload = [slow.answer];
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await waitUntil('the first alert', () => world.alerts.length === 1);
    slow.give(ok(STORED));
    await handleOf(world, clip).result();
    // Then
    expect(world.alerts.map(({ alert }) => [alert.revision, alert.storageUri])).toEqual([
      [1, undefined],
      [2, 'memory:clip'],
    ]);
  });

  it('is granted anew to a clip that starts late, and its alert says so', async () => {
    // Given
    const clip = await world.newClip({ sealedAt: new Date(Date.now() - 3_600_000).toISOString() });
    // When
    await world.start(clip);
    await handleOf(world, clip).result();
    // Then
    expect(world.alerts.map(({ alert }) => [alert.delayed, alert.unverified])).toEqual([[true, false]]);
  });
});

describe('a backlog after an outage', () => {
  it('is told in one alert per camera while nothing is verified, and what is verified later alerts for itself', async () => {
    // Given a detector that is still busy, and three clips of an hour ago
    const slow = held<FilterResult>();
    world.scripts.filter = [slow.answer];
    const clips = await Promise.all(
      [1, 2, 3].map(() => world.newClip({ sealedAt: new Date(Date.now() - 3_600_000).toISOString() })),
    );
    // When
    await Promise.all(clips.map((clip) => world.start(clip, { alertDeadlineMs: 200 })));
    await waitUntil('the summary', () => world.alerts.length > 0);
    const summaries = world.alerts.map(({ alert }) => alert);
    slow.give(ok(SAW_PERSON));
    await Promise.all(clips.map((clip) => handleOf(world, clip).result()));
    // Then
    expect(summaries).toHaveLength(1);
    expect(summaries[0]).toMatchObject({
      notifyReason: 'backlog_unverified',
      unverified: true,
      delayed: true,
      summary: expect.stringContaining('3 clips'),
    });
    const verified = world.alerts.slice(1).map(({ alert }) => [alert.revision, alert.unverified]);
    expect(verified).toEqual([
      [1, false],
      [1, false],
      [1, false],
    ]);
    for (const clip of clips) expect(world.eventTypes(clip)).toContain('alert_summarized');
  });
});

describe('a stage that fails for good', () => {
  it('leaves no silence: with a broken detector the alert goes out unverified, and a retry verifies it', async () => {
    // Given
    world.scripts.filter = [failing('FILTER_CRASHED'), failing('FILTER_CRASHED'), ok(SAW_PERSON)];
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await world.seen(clip, 'clip_parked');
    const parked = await stateOf(clip);
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
    await waitUntil('it is parked', async () => (await stateOf(clip)).status === 'parked');
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

describe('updates', () => {
  it('retries only what has failed, and only while parked', async () => {
    // Given
    const slow = held<StoredClip>();
    world.scripts.upload = [slow.answer];
    world.scripts.analyze = [failing('VLM_REJECTED'), ok(PROWLER)];
    const clip = await world.newClip();
    await world.start(clip);
    const handle = handleOf(world, clip);
    // When / Then while a stage is busy
    const early = await handle.executeUpdate('retryStage', { args: [{ stage: 'vlm' }] }).catch((error: unknown) => error);
    expect(early).toMatchObject({ cause: { message: expect.stringContaining('not parked') } });
    // When / Then for a stage that has not failed
    slow.give(ok(STORED));
    await world.seen(clip, 'clip_parked');
    const wrong = await handle.executeUpdate('retryStage', { args: [{ stage: 'upload' }] }).catch((error: unknown) => error);
    expect(wrong).toMatchObject({ cause: { message: expect.stringContaining('vlm') } });
    await handle.executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
    await handle.result();
  });

  it('retries nothing of a clip that has told its end, and says so', async () => {
    // Given a clip that nobody had retried in time, and whose end cannot be written yet
    world.scripts.analyze = [failing('VLM_REJECTED')];
    const clip = await world.newClip();
    await world.start(clip, { parkForMs: 1_000 });
    await world.seen(clip, 'clip_parked');
    world.scripts.postgresAway = true;
    await waitUntil('it has ended', async () => (await stateOf(clip)).status === 'failed');
    // When
    const late = await handleOf(world, clip)
      .executeUpdate('retryStage', { args: [{ stage: 'vlm' }] })
      .catch((error: unknown) => error);
    world.scripts.postgresAway = false;
    await world.seen(clip, 'clip_failed');
    // Then
    expect(late).toMatchObject({ cause: { message: expect.stringContaining('clips retry') } });
    await expect(handleOf(world, clip).result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(foldClip(world.events)?.status).toBe('failed');
  });

  it('acknowledges with a name, not without', async () => {
    // Given
    const slow = held<StoredClip>();
    world.scripts.upload = [slow.answer];
    const clip = await world.newClip();
    await world.start(clip);
    const handle = handleOf(world, clip);
    // When
    const nameless = await handle.executeUpdate('acknowledge', { args: [{ by: ' ' }] }).catch((error: unknown) => error);
    await handle.executeUpdate('acknowledge', { args: [{ by: 'owner' }] });
    slow.give(ok(STORED));
    await handle.result();
    // Then
    expect(nameless).toMatchObject({ cause: { message: expect.stringContaining('who acknowledges') } });
    expect(world.events).toContainEqual(expect.objectContaining({ eventType: 'clip_acknowledged', by: 'owner' }));
  });
});

describe('a cancelled clip', () => {
  it.each(['upload', 'notify'] as const)('tells its end and is released, cancelled during %s', async (stage) => {
    // Given
    const stuck = held<StoredClip>();
    if (stage === 'upload') world.scripts.upload = [stuck.answer];
    else world.scripts.notify = { phone: [stuck.answer.then(() => ok(undefined))] };
    const clip = await world.newClip();
    await world.start(clip);
    const started =
      stage === 'upload' ? () => world.calls.upload === 1 : () => world.eventTypes(clip).includes('alert_decision_made');
    await waitUntil(`${stage} begins`, started);
    // When
    await handleOf(world, clip).cancel();
    const ending = await handleOf(world, clip)
      .result()
      .catch((error: unknown) => error);
    stuck.give(ok(STORED));
    // Then
    expect(ending).toBeInstanceOf(WorkflowFailedError);
    expect(world.events).toContainEqual(expect.objectContaining({ eventType: 'clip_failed', reason: 'cancelled' }));
    expect(world.released).toEqual([{ clipId: clip.clipId, uploaded: stage !== 'upload' }]);
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
