import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatedStage } from '../fakes/gated-plugins.ts';
import { type Household, openHousehold } from '../support/household.ts';
import { waitUntil } from '../support/wait-until.ts';

let house: Household;
beforeAll(async () => {
  house = await openHousehold();
});
afterAll(() => house[Symbol.asyncDispose]());

const LIMIT_MS = 180_000;
/** From the last to the first, so that each clip comes as far as its own stage and stays there. */
const STAGES: readonly GatedStage[] = ['notify', 'vlm', 'filter', 'upload'];

describe('a household that loses power with a clip in every stage', () => {
  it('finishes each of them once when it comes back, and lets go of it in the spool', { timeout: 500_000 }, async () => {
    // Given
    house.start();
    for (const stage of STAGES) {
      await house.hold(stage);
      const before = await house.calls(stage);
      await house.dropClip(`${stage}.mp4`);
      await waitUntil(`${stage} begins`, async () => (await house.calls(stage)) > before, LIMIT_MS);
    }
    // When
    await house.powerFailure();
    for (const stage of STAGES) await house.release(stage);
    house.start();
    // Then
    await waitUntil('all clips are done', () => allDone(STAGES.length), LIMIT_MS);
    const alerts = await house.alerts();
    expect(new Set(alerts.map(({ clipId }) => clipId)).size).toBe(STAGES.length);
    const told = await house.query<{ count: string }>("select count(*) from clip_events where event_type = 'clip_done'");
    expect(told).toEqual([{ count: String(STAGES.length) }]);
    await waitUntil('nothing is open in the spool', async () => (await house.openClips()) === 0, LIMIT_MS);
  });
});

async function allDone(count: number): Promise<boolean> {
  const rows = await house.rows();
  return rows.length === count && rows.every((row) => row.status === 'done');
}
