import { proxyActivities } from '@temporalio/workflow';
import type { ReconcileProxies } from '../src/domain/reconcile-clips.ts';
import { RECONCILE_POLICIES } from './stage-policies.ts';

/** What is more than this comes with the next turn. */
const CLIPS_PER_TURN = 200;

/**
 * A workflow that is terminated runs no code any more. This looks for clips that ended so, and tells their end in their
 * stead. Started again and again by a schedule.
 * @returns how many it found.
 */
export async function reconcileClips(): Promise<number> {
  const { recordEndedClips } = proxyActivities<ReconcileProxies>(RECONCILE_POLICIES.record);
  const ended = await recordEndedClips({ limit: CLIPS_PER_TURN });
  // A host that is away does so by itself when it comes back: it hands the clip over, and hears that it was closed.
  await Promise.allSettled(
    ended.map((clip) => {
      const { setAsideClip } = proxyActivities<ReconcileProxies>(RECONCILE_POLICIES.setAside(clip.hostId));
      return setAsideClip(clip);
    }),
  );
  return ended.length;
}
