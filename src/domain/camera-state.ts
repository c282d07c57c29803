import { assertNever } from './assert-never.ts';
import type { CameraStatus, HostCamera } from './camera.ts';
import type { CameraEvent, CameraOffline, CameraOnline } from './camera-events.ts';
import type { Delivery } from './clip-state.ts';

/** What stands in `camera_states.data`: what a camera is, and who was told of it. */
export interface CameraState extends HostCamera {
  readonly schemaVersion: 1;
  readonly status: CameraStatus;
  /** Of the alert on this status, by channel. */
  readonly deliveries: readonly Delivery[];
  readonly lastSequence: number;
}

/**
 * A camera's state, from events in any order. Of an old camera those since it last changed are enough.
 * @returns undefined while none of them says whether it is online.
 */
export function foldCamera(events: readonly CameraEvent[]): CameraState | undefined {
  let state: CameraState | undefined;
  for (const event of events.toSorted((a, b) => a.sequence - b.sequence || (a.id < b.id ? -1 : 1))) {
    state = applyEvent(state, event);
  }
  return state;
}

function applyEvent(state: CameraState | undefined, event: CameraEvent): CameraState | undefined {
  switch (event.eventType) {
    case 'camera_online':
      return changed(event, { online: true, since: event.since });
    case 'camera_offline':
      return changed(event, {
        online: false,
        since: event.since,
        ...(event.reason === undefined ? {} : { reason: event.reason }),
      });
    case 'notification_sent':
      return delivered(state, event, 'sent');
    case 'notification_failed':
      return event.willRetry ? state : delivered(state, event, 'failed');
    default:
      return assertNever(event);
  }
}

function changed({ hostId, cameraName, sequence }: CameraOnline | CameraOffline, status: CameraStatus): CameraState {
  return { schemaVersion: 1, hostId, cameraName, status, deliveries: [], lastSequence: sequence };
}

type Notified = Extract<CameraEvent, { notifierName: string }>;

function delivered(state: CameraState | undefined, event: Notified, status: Delivery['status']): CameraState | undefined {
  if (state === undefined) return undefined;
  const { notifierName, revision, timestamp: at, sequence } = event;
  const others = state.deliveries.filter((other) => other.notifierName !== notifierName);
  return { ...state, deliveries: [...others, { notifierName, status, revision, at }], lastSequence: sequence };
}
