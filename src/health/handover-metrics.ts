import { Counter, Gauge, type Registry } from 'prom-client';
import type { HandoverStatus } from '../spool/handover.ts';

/** @returns what has to be told before they are: how the hand-over stands. */
export function createHandoverMetrics(registry: Registry): (status: HandoverStatus) => void {
  const registers = [registry];
  const pending = new Gauge({ name: 'homesec_handover_pending_clips', help: 'Clips that Temporal does not have yet', registers });
  const handedOver = new Counter({ name: 'homesec_clips_handed_over_total', help: 'Clips that Temporal has taken', registers });
  const setAside = new Counter({ name: 'homesec_clips_set_aside_total', help: 'Clips that Temporal will not take', registers });
  return ({ pendingCount, handedOverCount, setAsideCount }) => {
    pending.set(pendingCount);
    for (const [counter, count] of [
      [handedOver, handedOverCount],
      [setAside, setAsideCount],
    ] as const) {
      counter.reset();
      counter.inc(count);
    }
  };
}
