import type { CameraStatus, HostCamera } from '../src/domain/camera.ts';
import type { CameraEvent, NewCameraEvent } from '../src/domain/camera-events.ts';
import type { CameraDelivery, CameraReport, CameraWatchMemory } from '../src/domain/camera-watch.ts';
import type { EventLog } from './event-log.ts';

export type CameraLog = EventLog<NewCameraEvent, CameraEvent>;

/** All that a camera's watch knows. */
export interface CameraRun {
  readonly camera: HostCamera;
  readonly events: CameraLog;
  report?: CameraReport;
  declared?: CameraStatus;
  alerted?: NonNullable<CameraWatchMemory['alerted']>;
  readonly deliveries: Map<string, CameraDelivery>;
}

/** @param memory of the run before. */
export function createCameraRun(camera: HostCamera, events: CameraLog, memory?: CameraWatchMemory): CameraRun {
  if (memory === undefined) return { camera, events, deliveries: new Map() };
  const { unwritten: _unwritten, sequence: _sequence, deliveries, ...known } = memory;
  return { camera, events, ...known, deliveries: new Map(Object.entries(deliveries)) };
}

/** What the next run has to know. */
export function memoryOf({ camera: _camera, events, deliveries, ...known }: CameraRun): CameraWatchMemory {
  return { ...known, ...events.rest(), deliveries: Object.fromEntries(deliveries) };
}
