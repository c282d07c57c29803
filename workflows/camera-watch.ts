import { condition, continueAsNew, defineSignal, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { ActivityProxies } from '../src/domain/activities.ts';
import { assertNever } from '../src/domain/assert-never.ts';
import type { CameraLoss, CameraStatus } from '../src/domain/camera.ts';
import {
  CAMERA_REPORTED_SIGNAL,
  type CameraReport,
  type CameraWatchInput,
  cameraWorkflowIdOf,
} from '../src/domain/camera-watch.ts';
import { type CameraAlerting, createCameraAlerting } from './camera-alerting.ts';
import { showCameraDetails } from './camera-details.ts';
import { type CameraRun, createCameraRun, memoryOf } from './camera-run.ts';
import { createEventLog } from './event-log.ts';
import { STAGE_POLICIES } from './stage-policies.ts';
import { acceptReport, nextWatchStep } from './watch-step.ts';

const cameraReported = defineSignal<[CameraReport]>(CAMERA_REPORTED_SIGNAL);

/** A run ends here once nothing is in flight; what is known goes on in the next. */
const EVENTS_BEFORE_NEXT_RUN = 1_000;
/** And here in any case: below what the server allows (51,200), with room for a flapping camera. */
const EVENTS_AT_MOST = 20_000;

/**
 * Watches a camera for as long as it is recorded: says in events what it is, tells the owner when it stays away, and again
 * when it is back. The host that records it signals each change; the same signal twice changes nothing.
 */
export async function cameraWatch(input: CameraWatchInput): Promise<void> {
  const { hostId, cameraName, memory } = input;
  const { recordCameraEvents } = proxyActivities<ActivityProxies>(STAGE_POLICIES.record);
  const camera = { hostId, cameraName };
  const run = createCameraRun(
    camera,
    createEventLog({
      stamp: (event, stamp) => ({ ...event, ...stamp, ...camera }),
      record: (events) => recordCameraEvents({ camera, events }),
      ...(memory === undefined ? {} : { rest: memory }),
    }),
    memory,
  );
  let reports = 0;
  setHandler(cameraReported, (report) => {
    run.report = acceptReport(run.report, report, new Date().toISOString());
    reports += 1;
  });
  const alerting = createCameraAlerting(run);
  while (!isFull(alerting)) {
    const seen = reports;
    await takeStep(run, alerting, () => reports > seen || isFull(alerting));
  }
  await continueAsNew<typeof cameraWatch>({ ...camera, memory: memoryOf(run) });
}

function isFull(alerting: CameraAlerting): boolean {
  const { historyLength } = workflowInfo();
  return historyLength > (alerting.isBusy() ? EVENTS_AT_MOST : EVENTS_BEFORE_NEXT_RUN);
}

async function takeStep(run: CameraRun, alerting: CameraAlerting, isOvertaken: () => boolean): Promise<void> {
  const step = nextWatchStep(run, Date.now());
  switch (step.kind) {
    case 'wait':
      showCameraDetails(run);
      if (step.untilMs === undefined) return condition(isOvertaken);
      await condition(isOvertaken, step.untilMs - Date.now());
      return;
    case 'declare':
      return declare(run, alerting, step.status);
    case 'alert':
      return alertLoss(run, alerting, step.status);
    default:
      return assertNever(step);
  }
}

function alertLoss(run: CameraRun, alerting: CameraAlerting, { since, reason }: CameraLoss): void {
  run.alerted = { since, at: new Date().toISOString() };
  const why = reason === undefined ? {} : { reason };
  alerting.tell({ kind: 'camera_offline', ...keyOf(run, since), revision: 1, since, ...why });
}

function declare(run: CameraRun, alerting: CameraAlerting, status: CameraStatus): void {
  const lost = run.declared?.online === false ? { offlineSince: run.declared.since } : {};
  run.declared = status;
  if (!status.online) {
    const { since, reason } = status;
    run.events.emit({ eventType: 'camera_offline', since, ...(reason === undefined ? {} : { reason }) });
    return;
  }
  run.events.emit({ eventType: 'camera_online', since: status.since, ...lost });
  // An update of the alert that told of the loss.
  if (run.alerted === undefined) return;
  alerting.tell({ kind: 'camera_online', ...keyOf(run, run.alerted.since), revision: 2, since: status.since, ...lost });
}

const keyOf = ({ camera }: CameraRun, since: string) => ({
  dedupeKey: `${cameraWorkflowIdOf(camera)}-${since}`,
  cameraName: camera.cameraName,
  at: new Date().toISOString(),
});
