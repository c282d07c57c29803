import type { CameraLoss, CameraStatus } from '../src/domain/camera.ts';
import type { CameraReport, CameraWatchMemory } from '../src/domain/camera-watch.ts';
import type { Instant } from '../src/domain/instant.ts';

/**
 * A report as the watch takes it: a loss lasts from when it was first reported, whatever a restarted host says since when,
 * and nothing has been so since later than now, whatever the host's clock says.
 */
export function acceptReport(previous: CameraReport | undefined, next: CameraReport, now: Instant): CameraReport {
  const isSameLoss = previous?.status.online === false && !next.status.online;
  const since = isSameLoss ? previous.status.since : earlierOf(next.status.since, now);
  return { ...next, status: { ...next.status, since } };
}

const earlierOf = (a: Instant, b: Instant): Instant => (a < b ? a : b);

export type WatchStep =
  /** For the next report, but no longer than until then. */
  | { readonly kind: 'wait'; readonly untilMs?: number }
  /** The events are to say what the camera is now. */
  | { readonly kind: 'declare'; readonly status: CameraStatus }
  /** The owner is to be told that the camera is away. */
  | { readonly kind: 'alert'; readonly status: CameraLoss };

type WatchFacts = Pick<CameraWatchMemory, 'report' | 'declared' | 'alerted'>;

/** What a watch has to do next: pure, so that the same reports always lead to the same alerts. */
export function nextWatchStep({ report, declared, alerted }: WatchFacts, nowMs: number): WatchStep {
  if (report === undefined) return { kind: 'wait' };
  const { status, plan } = report;
  if (status.online) return declared?.online === true ? { kind: 'wait' } : { kind: 'declare', status };
  if (declared?.online !== false) {
    return onceDue(Date.parse(status.since) + plan.offlineAfterMs, nowMs, { kind: 'declare', status });
  }
  if (alerted?.since === status.since) return { kind: 'wait' };
  const coolUntilMs = alerted === undefined ? nowMs : Date.parse(alerted.at) + plan.coolDownMs;
  return onceDue(coolUntilMs, nowMs, { kind: 'alert', status });
}

const onceDue = (dueMs: number, nowMs: number, step: WatchStep): WatchStep =>
  nowMs >= dueMs ? step : { kind: 'wait', untilMs: dueMs };
