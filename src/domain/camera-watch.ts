import type { CameraAlert } from './alert.ts';
import type { CameraStatus, HostCamera } from './camera.ts';
import type { CameraEvent } from './camera-events.ts';
import { cameraSlug } from './ids.ts';
import type { Instant } from './instant.ts';

/** What decides how a loss is told, taken from the configuration by the host that reports it. */
export interface CameraWatchPlan {
  /** How long a camera is away before it counts as offline. */
  readonly offlineAfterMs: number;
  /** How long after an alert of a loss the next one is held back. */
  readonly coolDownMs: number;
  /** Names of the notification channels to tell; none where nobody wants to know. */
  readonly channels: readonly string[];
}

/** What the host signals. The newest one counts; a repeat changes nothing. */
export interface CameraReport {
  readonly status: CameraStatus;
  readonly plan: CameraWatchPlan;
}

/** Where one channel stands with this camera. */
export interface CameraDelivery {
  /** The last alert that it took told of a loss. */
  readonly toldOffline: boolean;
  /** What it is to be told next; a newer alert takes the place of one that never went out. */
  readonly owed?: CameraAlert;
}

/** All that a watch knows, small enough to be handed from run to run. */
export interface CameraWatchMemory {
  readonly report?: CameraReport;
  /** What the events say of the camera; missing before the first. */
  readonly declared?: CameraStatus;
  /** The last loss that was alerted, and when. */
  readonly alerted?: { readonly since: Instant; readonly at: Instant };
  /** By channel. */
  readonly deliveries: Readonly<Record<string, CameraDelivery>>;
  /** Events that Postgres has not confirmed, and the sequence of the last one. */
  readonly unwritten: readonly CameraEvent[];
  readonly sequence: number;
}

export interface CameraWatchInput extends HostCamera {
  /** Of the run before; missing in the first. */
  readonly memory?: CameraWatchMemory;
}

export const CAMERA_WATCH = 'cameraWatch';
export const CAMERA_REPORTED_SIGNAL = 'cameraReported';

/** One watch for each camera of a host. Names that share a slug are told apart by their own letters. */
export const cameraWorkflowIdOf = ({ hostId, cameraName }: HostCamera): string =>
  `camera-${hostId}-${cameraSlug(cameraName)}-${encodeURIComponent(cameraName.toWellFormed())}`;
