import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { Clip } from '../../src/domain/clip.ts';
import { ok } from '../../src/domain/result.ts';
import { createAlertDesk } from '../../src/temporal/alert-desk.ts';
import { restartClip } from '../../src/temporal/start-clip.ts';
import { type ClipWorld, failing, handleOf, held, openClipWorld, PLAN, PROWLER } from '../support/clip-world.ts';
import { CALM, useOneCamera } from '../support/one-camera.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const { desk, newClip, run, told } = useOneCamera(() => world);

const suppressed = (clip: Clip) =>
  world.events.filter((event) => event.clipId === clip.clipId && event.eventType === 'alert_suppressed');

describe('quiet hours', () => {
  it('hold the alert back, and an event says why and until when', async () => {
    // Given
    world.scripts.policy = { quiet_hours: { from: '00:00', to: '18:00', time_zone: 'UTC' } };
    const clip = await newClip();
    // When
    await run(clip);
    // Then
    expect(world.alerts).toEqual([]);
    expect(suppressed(clip)).toEqual([
      expect.objectContaining({ reason: 'quiet_hours', until: '2026-11-23T18:00:00.000Z', alertReason: 'risk_level=high' }),
    ]);
  });

  it('do not take back an alert that a fault has let through: its outcome is told as an update', async () => {
    // Given a model that is not done by the deadline
    world.scripts.policy = { quiet_hours: { from: '00:00', to: '18:00', time_zone: 'UTC', except_risk: 'critical' } };
    const slow = held<AnalysisResult>();
    world.scripts.analyze = [slow.answer];
    const clip = await newClip();
    // When
    await world.start(clip, { alertDeadlineMs: 300 });
    await waitUntil('the first alert', () => world.alerts.length === 1);
    slow.give(ok(CALM));
    await handleOf(world, clip).result();
    // Then
    expect(told()).toEqual([
      [clip.clipId, 1],
      [clip.clipId, 2],
    ]);
    expect(world.alerts.at(-1)?.alert.notifyReason).toBe('risk_level=medium');
    expect(suppressed(clip)).toEqual([]);
  });
});

describe('a clip that is started again', () => {
  it('updates its alert though quiet hours would hold it back now', async () => {
    // Given a clip that has alerted
    const clip = await newClip();
    await run(clip);
    // When it is looked at again, with quiet hours and another outcome
    world.scripts.policy = { quiet_hours: { from: '00:00', to: '18:00', time_zone: 'UTC' } };
    world.scripts.analyze = [ok(CALM)];
    await restartClip(world.client, { clip, plan: PLAN, generation: 2, delivered: { phone: 1 } });
    await handleOf(world, clip).result();
    // Then
    expect(told()).toEqual([
      [clip.clipId, 1],
      [clip.clipId, 2],
    ]);
    expect(suppressed(clip)).toEqual([]);
  });
});

describe('a cool-down', () => {
  it('holds back the next clip of the same class, and lets a higher risk through', async () => {
    // Given
    world.scripts.policy = { cool_down_s: 600 };
    world.scripts.analyze = [ok(CALM), ok(CALM), ok(PROWLER)];
    const [first, second, worse] = [await newClip(), await newClip(60), await newClip(120)];
    // When
    for (const clip of [first, second, worse]) await run(clip);
    // Then
    expect(told()).toEqual([
      [first.clipId, 1],
      [worse.clipId, 1],
    ]);
    expect(suppressed(second)).toEqual([
      expect.objectContaining({ reason: 'cool_down', until: '2026-11-23T12:10:00.000Z', alertReason: 'risk_level=medium' }),
    ]);
    expect(world.eventTypes(second)).not.toContain('notification_sent');
  });

  it('is not begun by an alert that every channel has refused, unless one takes it later', async () => {
    // Given a clip whose alert is refused, for which a person may step in
    world.scripts.policy = { cool_down_s: 600 };
    world.scripts.notify = { phone: [failing('NOTIFY_REJECTED'), ok(undefined)] };
    const [refused, second, third] = [await newClip(), await newClip(500), await newClip(-400)];
    await world.start(refused, { parkForMs: 600_000 });
    await waitUntil('it is parked', () => world.eventTypes(refused).includes('clip_parked'));
    // When the next one comes
    await run(second);
    // Then
    expect(told()).toEqual([[second.clipId, 1]]);
    // When
    await handleOf(world, refused).executeUpdate('retryStage', { args: [{ stage: 'notify' }] });
    await handleOf(world, refused).result();
    await run(third);
    // Then
    expect(told()).toEqual([
      [second.clipId, 1],
      [refused.clipId, 1],
    ]);
    expect(suppressed(third)).toHaveLength(1);
  });

  it('is not needed where the owner wants none: no desk is asked', async () => {
    // Given
    const clip = await newClip();
    // When
    await run(clip);
    // Then
    expect(told()).toEqual([[clip.clipId, 1]]);
    await expect(desk().describe()).rejects.toThrow(/not found/i);
  });

  it('holds nothing back while its desk is away', async () => {
    // Given a camera that has alerted, and whose desk does not answer
    world.scripts.policy = { cool_down_s: 600 };
    const [first, second] = [await newClip(), await newClip(60)];
    await run(first);
    world.scripts.deskAway = true;
    // When
    await run(second);
    // Then
    expect(told()).toEqual([
      [first.clipId, 1],
      [second.clipId, 1],
    ]);
  });

  it('leaves the clips of a backlog that nobody has verified to their summary', async () => {
    // Given
    world.scripts.policy = { cool_down_s: 600 };
    world.scripts.filter = [failing('FILTER_MODEL_UNAVAILABLE')];
    const clip = await newClip(0, { sealedAt: new Date(Date.now() - 3_600_000).toISOString() });
    // When
    await world.start(clip);
    await waitUntil('the summary', () => world.alerts.length > 0);
    // Then
    expect(world.alerts[0]?.alert).toMatchObject({ notifyReason: 'backlog_unverified' });
    expect(suppressed(clip)).toEqual([]);
  });
});

describe('an alert desk', () => {
  it('shows what it knows, and goes on in a new run, knowing it, when its history has grown', async () => {
    // Given a desk that was asked about a clip
    const alertDesk = createAlertDesk(() => Promise.resolve(world.client));
    const { clipId, cameraName, recordedStartAt, recordedEndAt } = await newClip();
    const clip = { clipId, recordedStartAt, recordedEndAt, classes: ['person'] };
    const ask = (of: typeof clip) => alertDesk.ask({ cameraName, clip: of, terms: { coolDownMs: 600_000 } });
    await ask(clip);
    const { runId } = await desk().describe();
    const { currentDetails } = await desk().query<{ currentDetails: string }>('__temporal_workflow_metadata');
    // When it is asked until it goes on in another run
    await waitUntil('a new run', async () => {
      await Promise.all([1, 2, 3, 4].map(() => ask(clip)));
      return (await desk().describe()).runId !== runId;
    });
    // Then
    const next = await newClip(60);
    const { recordedStartAt: startAt, recordedEndAt: endAt } = next;
    const other = { clipId: next.clipId, recordedStartAt: startAt, recordedEndAt: endAt, classes: ['person'] };
    expect(await ask(other)).toMatchObject({ answer: 'cool_down' });
    expect(currentDetails).toContain(`| ${recordedStartAt} | ${clipId} | person | unknown |`);
  });
});
