import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { Clip } from '../../src/domain/clip.ts';
import { ok } from '../../src/domain/result.ts';
import { restartClip } from '../../src/temporal/start-clip.ts';
import { startAedes } from '../support/aedes-broker.ts';
import { type ClipWorld, failing, handleOf, held, openClipWorld, PLAN, PROWLER, SAW_PERSON } from '../support/clip-world.ts';
import { subscribe } from '../support/mqtt-brokers.ts';
import { createChannel, useCleanup } from '../support/mqtt-channel.ts';
import { CALM, useOneCamera } from '../support/one-camera.ts';
import { resetClip } from '../support/reset-clip.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const { desk, newClip, run, told } = useOneCamera(() => world);

const VISITS = { group_visits: { gap_s: 60 } };
/** Of the visit that begins with the clip. */
const visitKey = (clip: Clip) => `visit-${clip.clipId}`;

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

describe('a clip that is started again', () => {
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
