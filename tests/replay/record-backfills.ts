/** Writes histories of backfills beside those of `record-histories.ts`: their workers are in a process of their own. */
import { expect, it } from 'vitest';
import { backfillWorkflowIdOf, reanalyzeWorkflowIdOf } from '../../src/domain/backfill.ts';
import { openBackfillWorld } from '../support/backfill-world.ts';
import { saveHistory } from '../support/save-history.ts';

it('records the second page of a backfill, and a clip of it', async () => {
  await using world = await openBackfillWorld();
  const [clipId = expect.unreachable()] = await Promise.all(['a', 'b', 'c', 'd'].map((camera) => world.newClip(camera)));
  const batch = await world.start({ overrides: { filter: {}, vlm: {}, policy: {} }, channels: ['phone'] });
  await world.client.workflow.getHandle(backfillWorkflowIdOf(batch)).result();
  await saveHistory(world.client, 'backfill', backfillWorkflowIdOf(batch));
  await saveHistory(world.client, 'backfill-clip', reanalyzeWorkflowIdOf(batch, clipId));
});
