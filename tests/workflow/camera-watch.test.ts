import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CameraStatus, HostCamera } from '../../src/domain/camera.ts';
import { type CameraWatchPlan, cameraWorkflowIdOf } from '../../src/domain/camera-watch.ts';
import { ok } from '../../src/domain/result.ts';
import { tellCameraWatch } from '../../src/temporal/camera-watch.ts';
import { type ClipWorld, failing, held, openClipWorld } from '../support/clip-world.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
let camera: HostCamera;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.reset();
  camera = { hostId: randomUUID(), cameraName: 'Front door' };
});

const PLAN: CameraWatchPlan = { offlineAfterMs: 100, coolDownMs: 0, channels: ['phone'] };

const online = (): CameraStatus => ({ online: true, since: new Date().toISOString() });
const away = (agoMs = 0): CameraStatus => ({
  online: false,
  since: new Date(Date.now() - agoMs).toISOString(),
  reason: 'connection refused',
});

async function tell(status: CameraStatus, plan: Partial<CameraWatchPlan> = {}): Promise<void> {
  const told = await tellCameraWatch(world.client, camera, { status, plan: { ...PLAN, ...plan } });
  if (!told.ok) throw new Error(told.error.message, { cause: told.error.cause });
}
const handle = () => world.client.workflow.getHandle(cameraWorkflowIdOf(camera));
const eventsOf = () => world.cameraEvents.filter(({ hostId }) => hostId === camera.hostId);
const eventTypes = () => eventsOf().map(({ eventType }) => eventType);
const alerts = () => world.cameraAlerts.filter(({ alert }) => alert.dedupeKey.includes(camera.hostId));
const alertKinds = (channel = 'phone') => alerts().flatMap((sent) => (sent.channel === channel ? [sent.alert.kind] : []));
const alerted = (count: number) => waitUntil(`${count} alerts`, () => alerts().length >= count);
const recorded = (count: number) => waitUntil(`${count} events`, () => eventsOf().length >= count);

describe('a camera that goes away', () => {
  it('is told once, and again when it is back, as an update of the first alert', async () => {
    // Given a camera that delivers
    await tell(online());
    await recorded(1);
    // When it goes away for long, which its host says more than once, and comes back
    const loss = away();
    for (const status of [loss, loss, away(-5)]) await tell(status);
    await alerted(1);
    const back = online();
    await tell(back);
    await alerted(2);
    await tell(back);
    // Then
    await recorded(5);
    const [first, second] = alerts().map(({ alert }) => alert);
    const { since } = loss;
    expect(first).toMatchObject({
      kind: 'camera_offline',
      revision: 1,
      cameraName: 'Front door',
      since,
      reason: 'connection refused',
    });
    expect(second).toMatchObject({ kind: 'camera_online', revision: 2, dedupeKey: first?.dedupeKey, offlineSince: since });
    expect(eventTypes()).toEqual([
      ...['camera_online', 'camera_offline', 'notification_sent', 'camera_online', 'notification_sent'],
    ]);
    expect(new Set(eventsOf().map(({ id }) => id)).size).toBe(5);
    expect(eventsOf().map(({ sequence }) => sequence)).toEqual(
      eventsOf()
        .map(({ sequence }) => sequence)
        .toSorted((a, b) => a - b),
    );
  });

  it('is not told when it is back before the time', async () => {
    // Given
    await tell(online());
    await recorded(1);
    // When it is away for a moment, and later for long
    await tell(away(), { offlineAfterMs: 60_000 });
    await tell(online(), { offlineAfterMs: 60_000 });
    const loss = away(60_000);
    await tell(loss, { offlineAfterMs: 60_000 });
    await alerted(1);
    // Then the loss for long alone is told, though the wait began before the report came
    expect(alerts().map(({ alert }) => alert)).toMatchObject([{ kind: 'camera_offline', since: loss.since }]);
    await recorded(3);
    expect(eventTypes()).toEqual(['camera_online', 'camera_offline', 'notification_sent']);
  });

  it('counts as away since the first report, though a host that was started again says later', async () => {
    // Given a camera that has been away for nearly long enough
    await tell(away(59_000), { offlineAfterMs: 60_000 });
    // When its host is killed, started again and sees it away anew
    await tell(away(), { offlineAfterMs: 60_000 });
    // Then the alert does not wait once more
    await alerted(1);
    expect(Date.now() - Date.parse(alerts()[0]?.alert.since ?? '')).toBeGreaterThan(59_000);
  });

  it('cannot have been away since later than now', async () => {
    // Given a host whose clock is an hour ahead
    // When it reports a loss
    await tell(away(-3_600_000));
    // Then
    await alerted(1);
    expect(Date.parse(alerts()[0]?.alert.since ?? '')).toBeLessThanOrEqual(Date.now());
  });

  it('is in the events alone where nobody wants to be told', async () => {
    // Given
    const silent = { channels: [] };
    // When
    await tell(away(1_000), silent);
    await recorded(1);
    await tell(online(), silent);
    await recorded(2);
    // Then
    expect(eventTypes()).toEqual(['camera_offline', 'camera_online']);
    expect(alerts()).toEqual([]);
  });

  it('shows in the Temporal UI which camera it is and how it is', async () => {
    // Given
    await tell(away(1_000), { coolDownMs: 60_000 });
    await alerted(1);
    // When
    const described = await handle().describe();
    // Then
    const attributes = Object.fromEntries(described.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    expect(attributes).toMatchObject({ ClipCamera: 'Front door' });
    expect(await described.staticSummary()).toBe('Front door · watch');
    const details = async () => JSON.stringify(await handle().query('__temporal_workflow_metadata'));
    await waitUntil('the channel has taken it', async () => (await details()).includes('| phone | yes | nothing |'));
    expect(await details()).toMatch(/\*\*Front door: offline\*\* since \d{4}-.*connection refused/);
    await tell(online());
    await alerted(2);
    await tell(away(1_000), { coolDownMs: 60_000 });
    await waitUntil('the second loss', async () => (await details()).includes('The alert is held back'));
  });
});

describe('a camera that comes and goes', () => {
  it('is told once for the cool-down, and once more at its end if it is away then', async () => {
    // Given a camera that was told to be away and back
    const plan = { coolDownMs: 1_500 };
    await tell(away(1_000), plan);
    await alerted(1);
    await tell(online(), plan);
    await alerted(2);
    // When it goes away twice more within the cool-down, the second time for good
    await tell(away(1_000), plan);
    await waitUntil('the second loss', () => eventTypes().filter((type) => type === 'camera_offline').length === 2);
    await tell(online(), plan);
    await tell(away(500), plan);
    await alerted(3);
    // Then
    const [first, , third] = alerts().map(({ alert }) => alert);
    expect(alertKinds()).toEqual(['camera_offline', 'camera_online', 'camera_offline']);
    expect(Date.parse(third?.at ?? '') - Date.parse(first?.at ?? '')).toBeGreaterThanOrEqual(plan.coolDownMs);
    expect(third?.dedupeKey).not.toBe(first?.dedupeKey);
  });
});

describe('a channel that is away', () => {
  it('holds up no other, and gets the newest news when it is back', async () => {
    // Given a phone that does not answer
    const plan = { channels: ['phone', 'mail'] };
    const answer = held<void>();
    world.scripts.notify = { phone: [answer.answer, ok(undefined)], mail: [ok(undefined)] };
    await tell(away(1_000), plan);
    await waitUntil('the mail', () => alertKinds('mail').length === 1);
    // When the camera comes back, goes and comes back again, and then the phone answers
    await tell(online(), plan);
    await waitUntil('the mail', () => alertKinds('mail').length === 2);
    await tell(away(1_000), plan);
    await waitUntil('the mail', () => alertKinds('mail').length === 3);
    await tell(online(), plan);
    await waitUntil('the mail', () => alertKinds('mail').length === 4);
    answer.give(ok(undefined));
    await waitUntil('the phone', () => alertKinds('phone').length === 2);
    // Then
    expect(alertKinds('phone')).toEqual(['camera_offline', 'camera_online']);
    expect(alertKinds('mail')).toEqual(['camera_offline', 'camera_online', 'camera_offline', 'camera_online']);
  });

  it('that refuses is in the events, and is not told that the camera is back', async () => {
    // Given
    world.scripts.notify = { phone: [failing('NOTIFY_REJECTED'), ok(undefined)] };
    // When
    await tell(away(1_000));
    await recorded(2);
    await tell(online());
    await recorded(3);
    await tell(away(1_000));
    await alerted(1);
    // Then
    expect(alertKinds()).toEqual(['camera_offline']);
    expect(eventsOf().slice(0, 3)).toMatchObject([
      { eventType: 'camera_offline' },
      { eventType: 'notification_failed', notifierName: 'phone', errorCode: 'NOTIFY_REJECTED', willRetry: false },
      { eventType: 'camera_online' },
    ]);
  });
});

describe('a watch', () => {
  it('alerts also while Postgres is away, and writes its events later, each once', async () => {
    // Given
    world.scripts.postgresAway = true;
    // When
    await tell(away(1_000));
    await alerted(1);
    await waitUntil('a write that fails', () => world.calls.refusedWrites > 0);
    world.scripts.postgresAway = false;
    // Then
    await recorded(2);
    expect(eventTypes()).toEqual(['camera_offline', 'notification_sent']);
  });

  it('that a person has cancelled ends, with a delivery under way, and begins anew with the next report', async () => {
    // Given
    const answer = held<void>();
    world.scripts.notify = { phone: [answer.answer, ok(undefined)] };
    await tell(away(1_000));
    await recorded(1);
    // When
    await handle().cancel();
    await expect(handle().result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    answer.give(ok(undefined));
    await tell(online());
    // Then
    await recorded(2);
    expect(eventTypes()).toEqual(['camera_offline', 'camera_online']);
  });

  it('goes on in a new run before its history gets long, and forgets nothing', { timeout: 120_000 }, async () => {
    // Given a camera that was told to be away
    const plan = { coolDownMs: 60_000 };
    await tell(away(1_000), plan);
    await alerted(1);
    const { runId } = await handle().describe();
    // When its host says so very often, also when it is refused because the run is just ending
    const ago = away();
    const isSameRun = async () => (await handle().describe()).runId === runId;
    for (let batch = 0; batch < 60 && (await isSameRun()); batch += 1) {
      await Promise.allSettled(Array.from({ length: 20 }, () => tell(ago, plan)));
    }
    // Then it is another run, that still knows what was told and what is owed
    await waitUntil('another run', async () => !(await isSameRun()));
    await waitUntil('another run', async () => !(await isSameRun()));
    const described = await handle().describe();
    expect(described.historyLength).toBeLessThan(1_000);
    expect(described.typedSearchAttributes.getAll()).toContainEqual(expect.objectContaining({ value: 'Front door' }));
    await tell(online(), plan);
    await alerted(2);
    expect(alertKinds()).toEqual(['camera_offline', 'camera_online']);
    await recorded(4);
    expect(eventTypes()).toEqual(['camera_offline', 'notification_sent', 'camera_online', 'notification_sent']);
  });
});
