import type { ActivitySlotInfo, CustomSlotSupplier, FixedSizeSlotSupplier, SlotPermit, TunerHolder } from '@temporalio/worker';
import type { BackfillActivities } from '../src/domain/backfill-activities.ts';
import type { RightOfWay } from '../src/kit/right-of-way.ts';

/** Stages of old clips. They wait for a place of their own accord, so that they need not hold one that a new clip could have. */
const GIVES_WAY: ReadonlySet<string> = new Set<keyof BackfillActivities>(['detectAgain', 'describeAgain']);

/** For queues without workflows; the SDK wants at least one of each. */
const UNUSED: FixedSizeSlotSupplier = { type: 'fixed-size', numSlots: 1 };

/** For a worker whose queue has stages of new and of old clips. */
export const stageTuner = (rightOfWay: RightOfWay): TunerHolder => ({
  activityTaskSlotSupplier: createStageSlots(rightOfWay),
  workflowTaskSlotSupplier: UNUSED,
  localActivityTaskSlotSupplier: UNUSED,
  nexusTaskSlotSupplier: UNUSED,
});

/**
 * One slot for each place, as a fixed number would be, except that the stage of an old clip gives its slot back as soon as it
 * turns out to be one: the worker always asks for as many new clips as it may have in hand.
 */
export function createStageSlots(rightOfWay: RightOfWay): CustomSlotSupplier<ActivitySlotInfo> {
  let free = rightOfWay.places;
  const waiting = new Set<(permit: SlotPermit) => void>();
  /** What the end of a slot means, by its permit. */
  const ends = new WeakMap<SlotPermit, () => void>();

  function take(): SlotPermit {
    free -= 1;
    const permit = {};
    ends.set(permit, giveBack);
    return permit;
  }

  function giveBack(): void {
    free += 1;
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next(take());
  }

  return {
    type: 'custom',
    tryReserveSlot: () => (free === 0 ? null : take()),
    reserveSlot: async (_context, signal) => {
      signal.throwIfAborted();
      if (free > 0) return take();
      const { promise, resolve, reject } = Promise.withResolvers<SlotPermit>();
      waiting.add(resolve);
      signal.addEventListener('abort', () => waiting.delete(resolve) && reject(signal.reason), { once: true });
      return promise;
    },
    markSlotUsed: ({ permit, slotInfo }) => {
      if (GIVES_WAY.has(slotInfo.activityType)) {
        ends.delete(permit);
        giveBack();
        return;
      }
      const end = rightOfWay.begin();
      ends.set(permit, () => {
        end();
        giveBack();
      });
    },
    releaseSlot: ({ permit }) => ends.get(permit)?.(),
  };
}
