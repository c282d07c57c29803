import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { ActivityProxies } from '../src/domain/activities.ts';
import type { CameraAlert } from '../src/domain/alert.ts';
import { showCameraDetails } from './camera-details.ts';
import type { CameraRun } from './camera-run.ts';
import { runStage } from './run-stage.ts';
import { STAGE_POLICIES } from './stage-policies.ts';
import { attemptsOf } from './stages.ts';

/** Delivers a camera's alerts, each channel on its own and one alert after the other. */
export interface CameraAlerting {
  /** The news for every channel of today's plan. Never waits. */
  readonly tell: (alert: CameraAlert) => void;
  /** Whether a channel has not answered yet. */
  readonly isBusy: () => boolean;
}

export function createCameraAlerting(run: CameraRun): CameraAlerting {
  const busy = new Set<string>();
  // Owed by the run before.
  for (const channel of run.deliveries.keys()) void deliver(channel);

  async function deliver(channel: string): Promise<void> {
    if (busy.has(channel)) return;
    busy.add(channel);
    try {
      for (let alert = owedTo(channel); alert !== undefined; alert = owedTo(channel)) {
        if (await send(run, channel, alert)) settle(channel, alert, alert.kind === 'camera_offline');
        else settle(channel, alert);
      }
    } catch (thrown) {
      // Nobody awaits a delivery; the watch itself meets the same cancellation and ends.
      if (!isCancellation(thrown)) throw thrown;
    } finally {
      busy.delete(channel);
    }
  }

  /** Who was not told of a loss, because the channel was away or the camera soon back, is not told of its end. */
  function owedTo(channel: string): CameraAlert | undefined {
    const { toldOffline = false, owed } = run.deliveries.get(channel) ?? {};
    if (owed?.kind !== 'camera_online' || toldOffline) return owed;
    run.deliveries.set(channel, { toldOffline });
    return undefined;
  }

  /** A newer alert may have come in while this one went out. */
  function settle(channel: string, alert: CameraAlert, toldOffline = run.deliveries.get(channel)?.toldOffline ?? false): void {
    const owed = run.deliveries.get(channel)?.owed;
    run.deliveries.set(channel, { toldOffline, ...(owed === undefined || owed === alert ? {} : { owed }) });
    showCameraDetails(run);
  }

  return {
    tell: (alert) => {
      for (const channel of run.report?.plan.channels ?? []) {
        run.deliveries.set(channel, { toldOffline: run.deliveries.get(channel)?.toldOffline ?? false, owed: alert });
        void deliver(channel);
      }
    },
    isBusy: () => busy.size > 0,
  };
}

/** @returns whether the channel has taken it. */
async function send(run: CameraRun, channel: string, alert: CameraAlert): Promise<boolean> {
  const { sendNotification } = proxyActivities<ActivityProxies>({
    ...STAGE_POLICIES.notifyCamera,
    summary: `${alert.kind} · notify ${channel}`,
  });
  const { dedupeKey, revision } = alert;
  const outcome = await runStage(
    () => sendNotification({ channel, alert }),
    (failure) => ({ kind: 'NotifyError' as const, channel, backend: 'unknown', ...failure }),
  );
  for (const failed of attemptsOf(outcome)) {
    run.events.emit({ eventType: 'notification_failed', notifierName: channel, revision, ...failed });
  }
  if (!outcome.ok) return false;
  const { attempt, durationMs } = outcome.value;
  run.events.emit({ eventType: 'notification_sent', notifierName: channel, dedupeKey, revision, attempt, durationMs });
  return true;
}
