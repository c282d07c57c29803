import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import { ok } from '../../src/domain/result.ts';
import { type ClipWorld, failing, handleOf, held, openClipWorld, PROWLER } from '../support/clip-world.ts';
import { useOneCamera } from '../support/one-camera.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: ClipWorld;
beforeAll(async () => {
  world = await openClipWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const { newClip, run, told } = useOneCamera(() => world);

const COOL_DOWN = { cool_down_s: 600 };
const HARMLESS: AnalysisResult = { ...PROWLER, riskLevel: 'low', activityType: 'delivery' };
/** Alerts for the person alone. */
const UNDESCRIBED = { runMode: 'never' } as const;

it('a clip that was found harmless before every channel refused its alert begins no cool-down', async () => {
  // Given an alert by the deadline, over a channel that takes its time
  world.scripts.policy = COOL_DOWN;
  const [described, refused] = [held<AnalysisResult>(), held<void>()];
  world.scripts.analyze = [described.answer];
  world.scripts.notify = { phone: [refused.answer, ok(undefined)] };
  const [first, second] = [await newClip(), await newClip(60)];
  await world.start(first, { alertDeadlineMs: 300 });
  await world.seen(first, 'alert_decision_made');
  // When
  described.give(ok(HARMLESS));
  await world.seen(first, 'alert_decision_made', 2);
  refused.give(failing('NOTIFY_REJECTED'));
  await world.seen(first, 'clip_parked');
  await run(second, UNDESCRIBED);
  // Then
  expect(told()).toEqual([[second.clipId, 1]]);
});

it('a clip that is found harmless while it asks whether it may alert begins no cool-down', async () => {
  // Given a clip that asks at its deadline
  world.scripts.policy = COOL_DOWN;
  const [described, answered] = [held<AnalysisResult>(), Promise.withResolvers<void>()];
  world.scripts.analyze = [described.answer];
  world.scripts.deskAnswers = answered.promise;
  const [first, second] = [await newClip(), await newClip(60)];
  await world.start(first, { alertDeadlineMs: 300 });
  await waitUntil('the desk has heard of it', () => world.calls.askDesk === 1);
  // When
  described.give(ok(HARMLESS));
  await waitUntil('it is judged again', () => world.calls.decide === 2);
  answered.resolve();
  await handleOf(world, first).result();
  await run(second, UNDESCRIBED);
  // Then
  expect(told()).toEqual([[second.clipId, 1]]);
});

it('an alert that is refused once more, while another channel still has to answer, begins no cool-down', async () => {
  // Given
  world.scripts.policy = COOL_DOWN;
  const slow = held<void>();
  const refusal = failing('NOTIFY_REJECTED');
  world.scripts.notify = { phone: [refusal, refusal, ok(undefined)], mail: [refusal, slow.answer] };
  const [first, second] = [await newClip(), await newClip(60)];
  await world.start(first, { channels: ['phone', 'mail'] });
  await world.seen(first, 'clip_parked');
  // When
  await handleOf(world, first).executeUpdate('retryStage', { args: [{ stage: 'notify' }] });
  await world.seen(first, 'notification_failed', 3);
  await run(second);
  // Then
  expect(told()).toEqual([[second.clipId, 1]]);
  slow.give(ok(undefined));
  await world.seen(first, 'notification_sent');
});
