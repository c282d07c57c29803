import type { CameraStatus } from '../domain/camera.ts';
import type { Instant } from '../domain/instant.ts';
import type { SourceStatus } from '../plugins/spec/source.ts';
import type { LastReport } from './source-report.ts';

/** What reports say of cameras, one report after the other. */
export interface CameraStatuses {
  /** Undefined while the report makes no statement about the camera: its source is starting, or nobody has recorded for a moment. */
  of(cameraName: string, report: LastReport, now: Instant): CameraStatus | undefined;
}

/**
 * Sources that keep a connection say since when a camera is away; for others, and for a recording process that has gone, it is
 * since the first report that said so.
 * @param patienceMs how long nobody records before that is a statement: a restart is none.
 */
export function createCameraStatuses(patienceMs: number): CameraStatuses {
  const last = new Map<string, CameraStatus>();
  return {
    of: (cameraName, { isRecording, sources }, now) => {
      const source = isRecording ? sources[cameraName] : undefined;
      const said = source === undefined ? notRecorded(now) : statusOf(source, now);
      if (said === undefined) return undefined;
      const before = last.get(cameraName);
      const isNews = before?.online !== said.online || source?.connection !== undefined;
      const status = isNews ? said : { ...said, since: before.since };
      last.set(cameraName, status);
      const isRestart = source === undefined && Date.parse(now) - Date.parse(status.since) < patienceMs;
      return isRestart ? undefined : status;
    },
  };
}

const notRecorded = (now: Instant): CameraStatus => ({ online: false, since: now, reason: 'no process records it' });

function statusOf({ state, message, connection }: SourceStatus, now: Instant): CameraStatus | undefined {
  if (state === 'starting' || state === 'stopped') return undefined;
  const { since, lastError: reason = message } = connection ?? { since: now };
  if (connection?.online ?? state !== 'offline') return { online: true, since };
  return { online: false, since, ...(reason === undefined ? {} : { reason }) };
}
