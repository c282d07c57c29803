import { WorkflowFailedError } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { foldClip } from '../../src/domain/clip-state.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { StoredClip } from '../../src/domain/known.ts';
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
  queriedState,
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

describe('link and picture of an alert', () => {
  it('reach the channel, and stand in no history, event or state', async () => {
    // Given a clip of which storage has a picture
    world.scripts.filter = [ok({ ...SAW_PERSON, snapshotKey: 'snapshots/yard.jpg' })];
    world.scripts.pictures = { 'snapshots/yard.jpg': 'the picture' };
    const clip = await world.newClip();
    // When
    await world.start(clip, { channels: ['phone', 'mail'] });
    await handleOf(world, clip).result();
    // Then
    const alerts = world.alerts.map(({ alert }) => alert);
    expect(alerts.map(({ snapshot }) => Buffer.from(snapshot ?? []).toString())).toEqual(alerts.map(() => 'the picture'));
    expect(world.calls.pictures).toBe(1);
    expect(alerts.at(-1)?.viewUrl).toBe(`https://nas.example/${clip.storageKey}?token=secret`);
    const { events } = await handleOf(world, clip).fetchHistory();
    const kept = JSON.stringify([events, world.events, await queriedState(world, clip)], (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    );
    expect(kept).toContain('snapshots/yard.jpg');
    expect(kept).not.toMatch(/token=|the picture/);
  });

  it('are left out when storage does not give them', async () => {
    // Given a picture that storage no longer has
    world.scripts.filter = [ok({ ...SAW_PERSON, snapshotKey: 'snapshots/lost.jpg' })];
    const clip = await world.newClip();
    // When
    await world.start(clip);
    await handleOf(world, clip).result();
    // Then
    expect(world.alerts[0]?.alert).not.toHaveProperty('snapshot');
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
    await waitUntil('it has ended', async () => (await queriedState(world, clip)).status === 'failed');
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
