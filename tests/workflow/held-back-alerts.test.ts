import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { alertDeskIdOf } from '../../src/domain/alert-desk.ts';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { Clip } from '../../src/domain/clip.ts';
import { ok } from '../../src/domain/result.ts';
import { createAlertDesk } from '../../src/temporal/alert-desk.ts';
import { restartClip } from '../../src/temporal/start-clip.ts';
import { startAedes } from '../support/aedes-broker.ts';
import { type ClipWorld, failing, handleOf, held, openClipWorld, PLAN, PROWLER, SAW_PERSON } from '../support/clip-world.ts';
import { subscribe } from '../support/mqtt-brokers.ts';
import { createChannel, useCleanup } from '../support/mqtt-channel.ts';
import { resetClip } from '../support/reset-clip.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
let cameraName: string;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.reset();
  cameraName = `Yard ${randomUUID()}`;
});

const CALM: AnalysisResult = { ...PROWLER, riskLevel: 'medium' };
const VISITS = { group_visits: { gap_s: 60 } };

/** A clip that its camera recorded so many seconds after the first. */
async function newClip(afterS = 0, changes: Partial<Clip> = {}): Promise<Clip> {
  const [recordedStartAt, recordedEndAt] = [afterS, afterS + 5].map((s) =>
    new Date(Date.parse('2026-11-23T12:00:00.000Z') + s * 1000).toISOString(),
  );
  return world.newClip({ cameraName, recordedStartAt: recordedStartAt ?? '', recordedEndAt: recordedEndAt ?? '', ...changes });
}
async function run(clip: Clip, plan = {}): Promise<void> {
  await world.start(clip, plan);
  await handleOf(world, clip).result();
}
const told = (channel = 'phone') =>
  world.alerts.flatMap((sent) => (sent.channel === channel ? [[sent.alert.dedupeKey, sent.alert.revision] as const] : []));
const suppressed = (clip: Clip) =>
  world.events.filter((event) => event.clipId === clip.clipId && event.eventType === 'alert_suppressed');
/** Of the visit that begins with the clip. */
const visitKey = (clip: Clip) => `visit-${clip.clipId}`;
const desk = () => world.client.workflow.getHandle(alertDeskIdOf(cameraName));

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

  it('updates the alert of its visit, and an alert of its own stays one', async () => {
    // Given two clips of a visit, of which the second has alerted for itself
    world.scripts.policy = VISITS;
    const [first, second] = [await newClip(), await newClip(30)];
    await run(first);
    world.scripts.deskAway = true;
    await run(second);
    world.scripts.deskAway = false;
    // When both are looked at again, with another outcome
    world.scripts.analyze = [ok(CALM)];
    for (const clip of [first, second]) {
      await restartClip(world.client, { clip, plan: PLAN, generation: 2, delivered: { phone: 1 } });
      await handleOf(world, clip).result();
    }
    // Then
    expect(told()).toEqual([
      [visitKey(first), 1],
      [second.clipId, 1],
      [visitKey(first), 2],
      [second.clipId, 2],
    ]);
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

describe('clips of one visit', () => {
  it('are one alert that is updated, and says how many they are and what is the worst', async () => {
    // Given a second clip that is harmless
    world.scripts.policy = VISITS;
    world.scripts.analyze = [ok(PROWLER), ok(CALM)];
    const [first, second] = [await newClip(), await newClip(30)];
    // When
    await run(first);
    await run(second);
    // Then
    expect(told()).toEqual([
      [visitKey(first), 1],
      [visitKey(first), 2],
    ]);
    expect(world.alerts[0]?.alert.clipCount).toBeUndefined();
    expect(world.alerts[1]?.alert).toMatchObject({ clipId: second.clipId, clipCount: 2, riskLevel: 'high' });
    expect(world.events).toContainEqual(
      expect.objectContaining({ clipId: second.clipId, eventType: 'notification_sent', dedupeKey: visitKey(first), revision: 2 }),
    );
  });

  it('may come at the same moment: one is the alert, the others its updates', async () => {
    // Given
    world.scripts.policy = VISITS;
    const clips = await Promise.all([0, 5, 10, 15].map((s) => newClip(s, { eventId: 'visit' })));
    // When
    await Promise.all(clips.map((clip) => run(clip)));
    // Then
    expect(new Set(told().map(([key]) => key)).size).toBe(1);
    expect(told().map(([, revision]) => revision)).toEqual([1, 2, 3, 4]);
  });

  it('that nobody has verified in time are verified under the same key', async () => {
    // Given a detector that is late for the second clip
    world.scripts.policy = VISITS;
    const slow = held<typeof SAW_PERSON>();
    world.scripts.filter = [ok(SAW_PERSON), slow.answer];
    const first = await newClip();
    await run(first);
    const second = await newClip(30);
    // When
    await world.start(second, { alertDeadlineMs: 1_000 });
    await waitUntil('the unverified alert', () => world.alerts.length === 2);
    slow.give(ok(SAW_PERSON));
    await handleOf(world, second).result();
    // Then
    expect(world.alerts.map(({ alert }) => [alert.dedupeKey, alert.revision, alert.unverified])).toEqual([
      [visitKey(first), 1, false],
      [visitKey(first), 2, true],
      [visitKey(first), 3, false],
    ]);
  });

  it('tell a channel that the first one could not reach of the visit as of a new one', async () => {
    // Given a channel that refuses the first clip's alert
    world.scripts.policy = VISITS;
    world.scripts.notify = { mail: [failing('NOTIFY_REJECTED'), ok(undefined)] };
    const [first, second] = [await newClip(), await newClip(30)];
    await world.start(first, { channels: ['phone', 'mail'] });
    await world.seen(first, 'clip_parked');
    // When
    await run(second, { channels: ['phone', 'mail'] });
    await handleOf(world, first).executeUpdate('retryStage', { args: [{ stage: 'notify' }] });
    await handleOf(world, first).result();
    // Then
    expect(told('phone').map(([, revision]) => revision)).toEqual([1, 2]);
    expect(told('mail')).toEqual([
      [visitKey(first), 1],
      [visitKey(first), 2],
    ]);
  });

  it('are not told twice when one of them is reset', async () => {
    // Given
    world.scripts.policy = VISITS;
    const [first, second] = [await newClip(), await newClip(30)];
    await run(first);
    await run(second);
    // When
    await resetClip(world, second, (events) => events.slice(0, 8));
    await handleOf(world, second).result();
    // Then
    expect(told().map(([key]) => key)).toEqual(told().map(() => visitKey(first)));
    const revisions = told().map(([, revision]) => revision);
    expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
    expect(new Set(revisions).size).toBe(revisions.length);
  });

  it.each([true, 'for_turns'] as const)('alert each for itself while their desk is away (%s)', async (away) => {
    // Given
    world.scripts.policy = VISITS;
    const [first, second] = [await newClip(), await newClip(30)];
    await run(first);
    world.scripts.deskAway = away;
    // When
    await run(second);
    // Then
    expect(told()).toEqual([
      [visitKey(first), 1],
      [second.clipId, 1],
    ]);
  });

  it('leave an alert that one of them has given for itself what it is, and are no repeat of it', async () => {
    // Given a clip that alerts at its deadline, while the desk is away
    world.scripts.policy = VISITS;
    const slow = held<AnalysisResult>();
    world.scripts.analyze = [slow.answer, ok(CALM)];
    world.scripts.deskAway = true;
    const first = await newClip();
    await world.start(first, { alertDeadlineMs: 1_000 });
    await waitUntil('its alert', () => world.alerts.length === 1);
    // When the desk comes back, and another clip of the visit comes
    world.scripts.deskAway = false;
    slow.give(ok(PROWLER));
    await handleOf(world, first).result();
    await run(await newClip(30));
    // Then whoever drops repeats by key and revision misses nothing
    expect(told()).toEqual([
      [first.clipId, 1],
      [first.clipId, 2],
      [visitKey(first), 1],
    ]);
  });

  it('go on with a desk that was killed, and begins anew', async () => {
    // Given
    world.scripts.policy = VISITS;
    const [first, second, third] = [await newClip(), await newClip(30), await newClip(60)];
    await run(first);
    await desk().terminate('killed by a test');
    // When
    await run(second);
    await run(third);
    // Then
    expect(told()).toEqual([
      [visitKey(first), 1],
      [visitKey(second), 1],
      [visitKey(second), 2],
    ]);
  });
});

describe('over a real broker', () => {
  const cleanup = useCleanup();

  it('two clips of one event are one alert and its update', async () => {
    // Given
    world.scripts.policy = VISITS;
    const broker = await startAedes();
    cleanup(broker.kill);
    const [alerts, updates] = [
      await subscribe(broker.port, 'homecam/alerts/+'),
      await subscribe(broker.port, 'homecam/alerts/+/update'),
    ];
    cleanup(alerts.stop);
    cleanup(updates.stop);
    const { notifier } = await createChannel({ host: broker.host, port: broker.port });
    cleanup(() => notifier.close());
    world.scripts.notifiers = { phone: notifier };
    const [first, second] = [await newClip(0, { eventId: 'visit' }), await newClip(300, { eventId: 'visit' })];
    // When
    await run(first);
    await run(second);
    await waitUntil('alert and update', () => alerts.lines.length > 0 && updates.lines.length > 0);
    // Then
    expect([alerts.lines.length, updates.lines.length]).toEqual([1, 1]);
    const update: unknown = JSON.parse(updates.lines[0]?.replace(/^.*? [01] \{/, '{') ?? '');
    expect(update).toMatchObject({ dedupe_key: visitKey(first), clip_id: second.clipId, revision: 2, clip_count: 2 });
  });
});

describe('an alert desk', () => {
  it('shows what it knows, and goes on in a new run, knowing it, when its history has grown', async () => {
    // Given a desk that was asked about a clip
    const alertDesk = createAlertDesk(() => Promise.resolve(world.client));
    const { clipId, recordedStartAt, recordedEndAt } = await newClip();
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

describe('link and picture of an alert', () => {
  it('reach the channel, and stand in no history, event or state', async () => {
    // Given a clip of which storage has a picture
    world.scripts.filter = [ok({ ...SAW_PERSON, snapshotKey: 'snapshots/yard.jpg' })];
    world.scripts.pictures = { 'snapshots/yard.jpg': 'the picture' };
    const clip = await newClip();
    // When
    await run(clip, { channels: ['phone', 'mail'] });
    // Then
    const alerts = world.alerts.map(({ alert }) => alert);
    expect(alerts.map(({ snapshot }) => Buffer.from(snapshot ?? []).toString())).toEqual(alerts.map(() => 'the picture'));
    expect(world.calls.pictures).toBe(1);
    expect(alerts.at(-1)?.viewUrl).toBe(`https://nas.example/${clip.storageKey}?token=secret`);
    const { events } = await handleOf(world, clip).fetchHistory();
    const kept = JSON.stringify([events, world.events, await handleOf(world, clip).query('state')], (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    );
    expect(kept).toContain('snapshots/yard.jpg');
    expect(kept).not.toMatch(/token=|the picture/);
  });

  it('are left out when storage does not give them', async () => {
    // Given a picture that storage no longer has
    world.scripts.filter = [ok({ ...SAW_PERSON, snapshotKey: 'snapshots/lost.jpg' })];
    const clip = await newClip();
    // When
    await run(clip);
    // Then
    expect(world.alerts[0]?.alert).not.toHaveProperty('snapshot');
  });
});
