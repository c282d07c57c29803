import type { SlotPermit, SlotReserveContext } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { createRightOfWay } from '../../../src/kit/right-of-way.ts';
import { createStageSlots } from '../../../workers/stage-slots.ts';

const CONTEXT = { slotType: 'activity', taskQueue: 'homesec-gpu', workerIdentity: 'test', isSticky: false } as SlotReserveContext;
const never = new AbortController().signal;
const newClip = (permit: SlotPermit) => ({ permit, slotInfo: { type: 'activity', activityType: 'detectObjects' } as const });
const oldClip = (permit: SlotPermit, activityType = 'detectAgain') => ({
  permit,
  slotInfo: { type: 'activity', activityType } as const,
});

describe('the slots of a stage', () => {
  it('are as many as there are places, and one that ends goes to who asked first', async () => {
    // Given two places, both used
    const slots = createStageSlots(createRightOfWay(2));
    const [one, other] = [await slots.reserveSlot(CONTEXT, never), await slots.reserveSlot(CONTEXT, never)];
    for (const permit of [one, other]) slots.markSlotUsed(newClip(permit));
    const got: string[] = [];
    const first = slots.reserveSlot(CONTEXT, never).then(() => got.push('first'));
    const second = slots.reserveSlot(CONTEXT, never).then(() => got.push('second'));
    expect(slots.tryReserveSlot(CONTEXT)).toBeNull();
    // When
    slots.releaseSlot(newClip(one));
    await Promise.race([first, second]);
    slots.releaseSlot(newClip(other));
    await Promise.all([first, second]);
    // Then
    expect(got).toEqual(['first', 'second']);
    expect(slots.tryReserveSlot(CONTEXT)).toBeNull();
  });

  it.each(['detectAgain', 'describeAgain'])('are not taken by old clips, however many %s there are', async (activityType) => {
    // Given
    const slots = createStageSlots(createRightOfWay(1));
    const permits: SlotPermit[] = [];
    // When
    for (let clip = 0; clip < 5; clip += 1) {
      const permit = await slots.reserveSlot(CONTEXT, never);
      slots.markSlotUsed(oldClip(permit, activityType));
      permits.push(permit);
    }
    // Then there is one for a new clip, and no more when the old ones end
    slots.markSlotUsed(newClip(await slots.reserveSlot(CONTEXT, never)));
    for (const permit of permits) slots.releaseSlot(oldClip(permit, activityType));
    expect(slots.tryReserveSlot(CONTEXT)).toBeNull();
  });

  it('come back when a poll brings nothing, and are not lost on who no longer asks', async () => {
    // Given one that is reserved and not used, and two who ask
    const slots = createStageSlots(createRightOfWay(1));
    const permit = await slots.reserveSlot(CONTEXT, never);
    const [gone, reason] = [new AbortController(), new Error('no longer needed')];
    const given = slots.reserveSlot(CONTEXT, gone.signal);
    const next = slots.reserveSlot(CONTEXT, never);
    // When
    gone.abort(reason);
    await expect(given).rejects.toBe(reason);
    slots.releaseSlot({ permit });
    // Then
    await next;
    await expect(slots.reserveSlot(CONTEXT, gone.signal)).rejects.toBe(reason);
  });

  it('count as urgent while a new clip has one', async () => {
    // Given
    const rightOfWay = createRightOfWay(1);
    const slots = createStageSlots(rightOfWay);
    const follower = rightOfWay.lineUp();
    const permit = await slots.reserveSlot(CONTEXT, never);
    await follower.giveWay(never);
    // When
    slots.markSlotUsed(newClip(permit));
    let isClear = false;
    const clear = follower.giveWay(never).then(() => (isClear = true));
    await new Promise(setImmediate);
    const clearMeanwhile = isClear;
    slots.releaseSlot(newClip(permit));
    await clear;
    // Then
    expect(clearMeanwhile).toBe(false);
  });
});
