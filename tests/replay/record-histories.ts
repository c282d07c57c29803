/**
 * Writes the histories that `replay.test.ts` replays: real ones, of this version's workflows on a real server.
 * Run by `make histories` before a release; recorded ones are never edited, only added to.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, it } from 'vitest';
import { alertDeskIdOf } from '../../src/domain/alert-desk.ts';
import { backlogWorkflowIdOf } from '../../src/domain/backlog.ts';
import type { CameraStatus } from '../../src/domain/camera.ts';
import { cameraWorkflowIdOf } from '../../src/domain/camera-watch.ts';
import type { Clip } from '../../src/domain/clip.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import { PIPELINE_QUEUE } from '../../src/domain/process-clip.ts';
import { RECONCILE_CLIPS, RECONCILE_SCHEDULE_ID } from '../../src/domain/reconcile-clips.ts';
import { ok } from '../../src/domain/result.ts';
import { createAlertDesk } from '../../src/temporal/alert-desk.ts';
import { tellCameraWatch } from '../../src/temporal/camera-watch.ts';
import { restartClip } from '../../src/temporal/start-clip.ts';
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
} from '../support/clip-world.ts';
import { beforeUpdates, resetClip } from '../support/reset-clip.ts';
import { saveHistory } from '../support/save-history.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.reset());

const save = (name: string, workflowId: string) => saveHistory(world.client, name, workflowId);

const finished = (clip: Clip) =>
  handleOf(world, clip)
    .result()
    .catch(() => undefined);
const saveClip = (name: string, clip: Clip) => save(name, handleOf(world, clip).workflowId);

it('records a clip on a good day', async () => {
  const clip = await world.newClip();
  await world.start(clip);
  await finished(clip);
  await saveClip('alerted', clip);
});

it('records a clip in which nothing was seen', async () => {
  world.scripts.filter = [ok(SAW_NOTHING)];
  const clip = await world.newClip();
  await world.start(clip);
  await finished(clip);
  await saveClip('nothing-seen', clip);
});

it('records a clip that missed its deadline and was updated', async () => {
  const slow = held<FilterResult>();
  world.scripts.filter = [slow.answer];
  const clip = await world.newClip();
  await world.start(clip, { alertDeadlineMs: 200 });
  await waitUntil('the alert', () => world.alerts.length === 1);
  slow.give(ok(SAW_PERSON));
  await finished(clip);
  await saveClip('deadline-missed', clip);
});

it('records a clip that was parked, acknowledged, reset and retried', async () => {
  world.scripts.analyze = [failing('VLM_REJECTED')];
  const clip = await world.newClip();
  await world.start(clip);
  await world.seen(clip, 'clip_parked');
  await handleOf(world, clip).executeUpdate('acknowledge', { args: [{ by: 'owner' }] });
  await handleOf(world, clip).executeUpdate('retryStage', { args: [{ stage: 'vlm' }] });
  await world.seen(clip, 'clip_parked', 2);
  await saveClip('parked', clip);
  await resetClip(world, clip, beforeUpdates);
  world.scripts.analyze = [ok(PROWLER)];
  await waitUntil('parked again', async () => {
    const retried = await handleOf(world, clip)
      .executeUpdate<{ applied: boolean }, [object]>('retryStage', { args: [{ stage: 'vlm' }] })
      .catch(() => undefined);
    // One that comes in with those that the reset repeats counts as one of them.
    return retried?.applied === true;
  });
  await finished(clip);
  await saveClip('reset-and-retried', clip);
});

it('records a clip that nobody had retried, and a cancelled one', async () => {
  world.scripts.upload = [failing('STORAGE_DENIED')];
  const [failed, cancelled] = [await world.newClip(), await world.newClip()];
  await world.start(failed, { parkForMs: 100 });
  await finished(failed);
  await saveClip('failed', failed);
  await world.start(cancelled);
  await world.seen(cancelled, 'clip_parked');
  await handleOf(world, cancelled).cancel();
  await finished(cancelled);
  await saveClip('cancelled', cancelled);
});

it('records a backlog', async () => {
  const slow = held<FilterResult>();
  world.scripts.filter = [slow.answer];
  const clip = await world.newClip({ sealedAt: new Date(Date.now() - 3_600_000).toISOString() });
  await world.start(clip, { alertDeadlineMs: 200 });
  await waitUntil('the summary', () => world.alerts.length === 1);
  slow.give(ok(SAW_PERSON));
  await finished(clip);
  await saveClip('backlog-clip', clip);
  await world.client.workflow.getHandle(backlogWorkflowIdOf(clip.cameraName)).result();
  await save('backlog-summary', backlogWorkflowIdOf(clip.cameraName));
});

it('records a visit of two clips, one that is held back, and their desk until its next run', async () => {
  world.scripts.policy = { group_visits: { gap_s: 60 }, cool_down_s: 600 };
  const at = (afterS: number) => new Date(Date.parse('2026-11-23T12:00:00.000Z') + afterS * 1000).toISOString();
  const cameraName = 'Yard';
  const newClip = (afterS: number) => world.newClip({ cameraName, recordedStartAt: at(afterS), recordedEndAt: at(afterS + 5) });
  const clips = [await newClip(0), await newClip(30), await newClip(300)];
  for (const clip of clips) {
    await world.start(clip);
    await finished(clip);
  }
  const [first, second, heldBack] = clips;
  if (first === undefined || second === undefined || heldBack === undefined) throw new Error('three clips');
  await saveClip('visit', second);
  await saveClip('held-back', heldBack);
  await save('alert-desk', alertDeskIdOf(cameraName));
  const desk = world.client.workflow.getHandle(alertDeskIdOf(cameraName));
  const { runId } = await desk.describe();
  const { ask } = createAlertDesk(() => Promise.resolve(world.client));
  const { clipId, recordedStartAt, recordedEndAt } = first;
  const request = { cameraName, clip: { clipId, recordedStartAt, recordedEndAt, classes: ['person'] }, terms: {} };
  await waitUntil('the next run', async () => {
    await Promise.all([1, 2, 3, 4].map(() => ask(request)));
    return (await desk.describe()).runId !== runId;
  });
  await save('alert-desk-continued', alertDeskIdOf(cameraName));
});

it('records a clip that was started once more, and the turn that finds a terminated one', async () => {
  const [again, terminated] = [await world.newClip(), await world.newClip()];
  await world.start(again);
  await finished(again);
  await restartClip(world.client, { clip: again, plan: PLAN, generation: 2 });
  await finished(again);
  await saveClip('started-again', again);
  world.scripts.analyze = [failing('VLM_REJECTED')];
  await world.start(terminated);
  await world.seen(terminated, 'clip_parked');
  await handleOf(world, terminated).terminate('wrong camera');
  await world.client.workflow.execute(RECONCILE_CLIPS, { taskQueue: PIPELINE_QUEUE, workflowId: RECONCILE_SCHEDULE_ID });
  await save('reconcile-clips', RECONCILE_SCHEDULE_ID);
});

it('records the watch of a camera that comes and goes, until its next run', async () => {
  world.scripts.notify = { phone: [failing('NOTIFY_UNREACHABLE'), ok(undefined)], mail: [failing('NOTIFY_REJECTED')] };
  const camera = { hostId: randomUUID(), cameraName: 'Front door' };
  const plan = { offlineAfterMs: 100, coolDownMs: 1_000, channels: ['phone', 'mail'] };
  const now = () => new Date().toISOString();
  const tell = (status: CameraStatus) => tellCameraWatch(world.client, camera, { status, plan });
  const told = (count: number) => waitUntil(`${count} alerts`, () => world.cameraAlerts.length >= count);
  await tell({ online: true, since: now() });
  await tell({ online: false, since: now(), reason: 'connection refused' });
  await told(1);
  await tell({ online: true, since: now() });
  await told(2);
  await tell({ online: false, since: now() });
  await told(3);
  await waitUntil('its events', () => world.cameraEvents.length >= 9);
  await save('camera-watch', cameraWorkflowIdOf(camera));
  const watch = world.client.workflow.getHandle(cameraWorkflowIdOf(camera));
  const { runId } = await watch.describe();
  const loss = now();
  await waitUntil('the next run', async () => {
    await Promise.all(Array.from({ length: 20 }, () => tell({ online: false, since: loss })));
    return (await watch.describe()).runId !== runId;
  });
  await tell({ online: true, since: now() });
  await told(4);
  await save('camera-watch-continued', cameraWorkflowIdOf(camera));
});
