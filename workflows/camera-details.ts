import { setCurrentDetails } from '@temporalio/workflow';
import type { CameraStatus } from '../src/domain/camera.ts';
import type { CameraRun } from './camera-run.ts';

/** Shows in the Temporal UI how the camera is, and who was told. */
export function showCameraDetails({ camera, report, declared, alerted, deliveries }: CameraRun): void {
  if (report === undefined) return;
  const { status } = report;
  const lines = [`**${camera.cameraName}: ${inWords(status, declared)}** since ${status.since}`, ''];
  if (!status.online && status.reason !== undefined) lines.push(status.reason, '');
  if (!status.online && declared?.online === false && alerted?.since !== status.since) {
    lines.push('The alert is held back: the cool-down of the last one has not ended.', '');
  }
  if (deliveries.size > 0) lines.push('| channel | told that it is offline | is owed |', '|---|---|---|');
  for (const [channel, { toldOffline, owed }] of deliveries) {
    lines.push(`| ${channel} | ${toldOffline ? 'yes' : 'no'} | ${owed?.kind ?? 'nothing'} |`);
  }
  setCurrentDetails(lines.join('\n'));
}

function inWords(status: CameraStatus, declared: CameraStatus | undefined): string {
  if (status.online) return 'online';
  return declared?.online === false ? 'offline' : 'away, but not for long yet';
}
