import type { Instant } from './instant.ts';

/** A camera of one host. */
export interface HostCamera {
  /** UUID of the spool into which the camera is recorded. */
  readonly hostId: string;
  readonly cameraName: string;
}

/** A camera that does not deliver, since when, and why in words. */
export interface CameraLoss {
  readonly online: false;
  readonly since: Instant;
  readonly reason?: string;
}

/** Whether a camera delivers, and since when. */
export type CameraStatus = { readonly online: true; readonly since: Instant } | CameraLoss;
