import type { HostCamera } from './camera.ts';
import type { NotificationFailedFacts, NotificationSentFacts } from './events.ts';
import type { Instant } from './instant.ts';

/** Common to all events of a camera. */
interface EventBase<Type extends string> extends HostCamera {
  readonly eventType: Type;
  /** UUID; the same event is written once however often it arrives. */
  readonly id: string;
  /** Grows through a camera's whole life: the order of events, whatever their arrival. */
  readonly sequence: number;
  readonly timestamp: Instant;
}

/** It has been away for longer than `camera_watch.offline_after_s`. */
export interface CameraOffline extends EventBase<'camera_offline'> {
  readonly since: Instant;
  readonly reason?: string;
}
/** It delivers: for the first time, or again. */
export interface CameraOnline extends EventBase<'camera_online'> {
  readonly since: Instant;
  readonly offlineSince?: Instant;
}
export interface CameraNotificationSent extends EventBase<'notification_sent'>, NotificationSentFacts {}
export interface CameraNotificationFailed extends EventBase<'notification_failed'>, NotificationFailedFacts {}

export type CameraEvent = CameraOffline | CameraOnline | CameraNotificationSent | CameraNotificationFailed;
export type CameraEventType = CameraEvent['eventType'];

/** An event before its camera's log gave it id, sequence and time. */
export type NewCameraEvent = CameraEvent extends infer Event
  ? Event extends CameraEvent
    ? Omit<Event, 'id' | 'sequence' | 'timestamp' | keyof HostCamera>
    : never
  : never;
