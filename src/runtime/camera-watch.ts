import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import type { CameraStatus } from '../domain/camera.ts';
import type { CameraReport, CameraWatchPlan } from '../domain/camera-watch.ts';
import { backoffMs } from '../kit/backoff.ts';
import { systemClock } from '../kit/clock.ts';
import { tellCameraWatch } from '../temporal/camera-watch.ts';
import type { App } from './app.ts';
import { createCameraStatuses } from './camera-statuses.ts';
import { enabledCameras, notifiersOf } from './compose.ts';
import type { HouseholdClient } from './household-client.ts';
import { readReport } from './source-report.ts';

/** As often as the report is written. */
const LOOK_EVERY_MS = 2_000;
const FAILURES_TO_WARN = 4;
const BACKOFF = { initialMs: LOOK_EVERY_MS, maxMs: 15_000 };

/**
 * Follows what the recording process says of its cameras, and tells each change to the camera's watch in Temporal: the newest
 * one, for as long as it takes, beside everything else. Returns when the app stops.
 */
export async function followCameras(app: App, hostId: string, client: HouseholdClient): Promise<void> {
  const { config, signal } = app;
  const { enabled, offline_after_s } = config.camera_watch;
  if (!enabled) return;
  const statuses = createCameraStatuses(offline_after_s * 1000);
  const tellers = new Map<string, Teller>();
  while (!signal.aborted) {
    const report = await readReport(app);
    const now = systemClock.now();
    // The recorder may have cameras by now that this process did not find in its configuration.
    const names = new Set([...enabledCameras(config).map(({ name }) => name), ...Object.keys(report.sources)]);
    for (const name of names) if (!tellers.has(name)) tellers.set(name, createTeller(app, client, { hostId, cameraName: name }));
    await Promise.all([...tellers].map(([name, teller]) => teller.tell(statuses.of(name, report, now))));
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

interface Teller {
  /** Tells what is new, unless the last attempt has just failed. Never rejects. */
  readonly tell: (status: CameraStatus | undefined) => Promise<void>;
}

function createTeller(
  app: App,
  client: HouseholdClient,
  camera: { readonly hostId: string; readonly cameraName: string },
): Teller {
  const { cameraName } = camera;
  const plan = watchPlanOf(app.config, cameraName);
  let told: string | undefined;
  let failures = 0;
  let nextTryAtMs = 0;

  async function attempt(report: CameraReport): Promise<string | undefined> {
    const temporal = await client.get();
    if (temporal === undefined) return 'nobody knows yet where Temporal is';
    const answer = await tellCameraWatch(temporal, camera, report);
    return answer.ok ? undefined : answer.error.message;
  }

  return {
    tell: async (status) => {
      if (status === undefined || newsOf(status) === told || performance.now() < nextTryAtMs) return;
      const failure = await attempt({ status, plan });
      if (failure === undefined) {
        told = newsOf(status);
        failures = 0;
        return;
      }
      failures += 1;
      nextTryAtMs = performance.now() + backoffMs(BACKOFF, failures, Math.random);
      // While everything starts a few failures are no news, and in an outage the next hundred are none.
      const level = failures === FAILURES_TO_WARN ? 'warn' : 'debug';
      app.logger[level]({ camera_name: cameraName, error: failure }, 'cannot tell yet how the camera is');
    },
  };
}

/** What makes a status worth telling. The words of a loss may change with each attempt to connect: whether there are any counts. */
const newsOf = (status: CameraStatus): string =>
  status.online ? 'online' : `offline ${status.since} ${status.reason !== undefined}`;

function watchPlanOf(config: Config, cameraName: string): CameraWatchPlan {
  const { offline_after_s, cool_down_s } = config.camera_watch;
  const isTold = config.cameras.find(({ name }) => name === cameraName)?.offline_alerts !== false;
  return {
    offlineAfterMs: offline_after_s * 1000,
    coolDownMs: cool_down_s * 1000,
    channels: isTold ? notifiersOf(config).map((notifier) => notifier.name) : [],
  };
}
