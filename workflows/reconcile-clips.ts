import { proxyActivities } from '@temporalio/workflow';
import type { EndedClip, ReconcileProxies, ReconcileRequest } from '../src/domain/reconcile-clips.ts';
import { RECONCILE_POLICIES } from './stage-policies.ts';

/** What is more than all pages of a turn comes with the next one. */
const PAGES_PER_TURN = 10;

/**
 * A workflow that is terminated runs no code any more. This looks for clips that ended so, and tells their end in their
 * stead. Started again and again by a schedule.
 * @returns how many it found.
 */
export async function reconcileClips({ clipsPerPage = 200 }: ReconcileRequest = {}): Promise<number> {
  const { recordEndedClips } = proxyActivities<ReconcileProxies>(RECONCILE_POLICIES.record);
  let found = 0;
  for (let page = 0; page < PAGES_PER_TURN; page += 1) {
    const ended = await recordEndedClips({ limit: clipsPerPage });
    await setAside(ended);
    found += ended.length;
    if (ended.length < clipsPerPage) break;
  }
  return found;
}

/** A host that is away does so by itself when it comes back: it hands the clip over, and hears that it was closed. */
async function setAside(ended: readonly EndedClip[]): Promise<void> {
  const asking = ended.map((clip) => {
    const { setAsideClip } = proxyActivities<ReconcileProxies>(RECONCILE_POLICIES.setAside(clip.hostId));
    return setAsideClip(clip);
  });
  await Promise.allSettled(asking);
}
