import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { homesec } from '../support/homesec.ts';
import { type Household, openHousehold } from '../support/household.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 180_000;
let house: Household;
afterEach(() => house[Symbol.asyncDispose]());

it('a backfill is where it was after a power failure, goes on, and repeats no alert', { timeout: 500_000 }, async () => {
  // Given three clips that have alerted, and a backfill that was paused after the first
  house = await openHousehold();
  house.start();
  for (const name of ['a.mp4', 'b.mp4', 'c.mp4']) await house.dropClip(name);
  const done = (rows: readonly { readonly status: string }[]) =>
    rows.length === 3 && rows.every(({ status }) => status === 'done');
  await waitUntil('the clips are done', async () => done(await house.rows()), LIMIT_MS);
  await house.hold('vlm');
  const backfill = (...args: string[]) => homesec(['backfill', ...args, '-c', join(house.dir, 'homesec.yaml')]);
  const started = await backfill('start', '--vlm', '--notify', '--concurrency', '1', '--name', 'again');
  expect(started).toMatchObject({ exitCode: 0, stderr: '' });
  await waitUntil('a clip is in hand', async () => (await house.calls('vlm')) === 4, LIMIT_MS);
  expect((await backfill('pause', 'again')).stdout).toMatch(/again: paused[^]*homesec backfill resume again/);
  await house.release('vlm');
  const runs = () =>
    house.query<{ clip_id: string; outcome: string }>('select clip_id, outcome from analysis_runs').catch(() => []);
  await waitUntil('that clip', async () => (await runs()).length === 1, LIMIT_MS);
  // When every process and server is killed, and started again
  await house.powerFailure();
  house.start();
  await waitUntil('Postgres', async () => (await runs()).length === 1, LIMIT_MS);
  await waitUntil('its state', async () => (await backfill('resume', 'again')).exitCode === 0, LIMIT_MS);
  const ended = await backfill('status', 'again', '--follow', '--json');
  // Then it goes on with the second, and each clip stands once
  expect(JSON.parse(ended.stdout)).toMatchObject({ progress: { state: 'done', total: 3, counts: { done: 3, told: 0 } } });
  expect((await runs()).map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
  expect(await house.calls('vlm')).toBe(6);
  expect((await house.alerts()).filter(({ revision }) => revision === 1)).toHaveLength(3);
});
