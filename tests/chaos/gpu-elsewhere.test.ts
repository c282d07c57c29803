import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSplitHouse, type SplitHouse } from '../support/split-house.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 120_000;

let house: SplitHouse;
let gpu: ChildProcess;
beforeAll(async () => {
  house = await openSplitHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

const done = (count: number) => async () => {
  const rows = await house.rows();
  return rows.length === count && rows.every(({ status }) => status === 'done');
};
const verified = (clipId: string | undefined) => async () =>
  (await house.alerts()).some(
    (alert) => alert.clipId === clipId && !alert.unverified && alert.detectedClasses.includes('person'),
  );

it('looks at clips that it shares no disk for, while storage is away, and keeps no copy', { timeout: 300_000 }, async () => {
  // Given a GPU at the other end of a cable, and storage that takes nothing
  await house.hold('upload');
  gpu = house.startGpu();
  // When
  await house.dropClip('first.mp4');
  const [clipId] = await house.clipIds(1);
  await waitUntil('a verified alert', verified(clipId), LIMIT_MS);
  // Then
  expect(await house.events('upload_completed')).toEqual([]);
  expect(await house.copies()).toEqual([]);
  await house.release('upload');
  await waitUntil('the end of the clip', done(1), LIMIT_MS);
});

it('may vanish in the middle of a clip', { timeout: 300_000 }, async () => {
  // Given a GPU that has a clip in hand
  await house.hold('filter');
  const before = await house.calls('filter');
  await house.dropClip('second.mp4');
  await waitUntil('the detector', async () => (await house.calls('filter')) > before, LIMIT_MS);
  expect(await house.copies()).toHaveLength(1);
  const [clipId] = await house.clipIds(2);
  // When its cable is pulled, and then its plug
  await house.cutCable();
  await waitUntil(
    'an alert',
    async () => (await house.alerts()).some((alert) => alert.clipId === clipId && alert.unverified),
    LIMIT_MS,
  );
  gpu.kill('SIGKILL');
  await once(gpu, 'exit');
  await house.release('filter');
  house.startSpareGpu();
  // Then the clip has alerted unverified, another worker takes it, and the events say that it was not the first
  await waitUntil('a verified alert', verified(clipId), LIMIT_MS);
  await waitUntil('the end of the clip', done(2), LIMIT_MS);
  expect(await house.events('filter_completed')).toMatchObject([{ attempt: 1 }, { attempt: 2 }]);
  // And what the lost one had copied goes when it is back
  expect(await house.copies()).toHaveLength(1);
  await house.joinCable();
  house.startGpu();
  await waitUntil('no copy', async () => (await house.copies()).length === 0, LIMIT_MS);
});
