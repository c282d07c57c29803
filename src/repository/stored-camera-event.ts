import { z } from 'zod';
import type { CameraEvent } from '../domain/camera-events.ts';
import { fromSnakeCase, toSnakeCase } from '../domain/snake-case.ts';
import { notificationFailedFields, notificationSentFields } from './stored-event.ts';
import { instantSchema } from './stored-parts.ts';

/** A row of `camera_events`. */
export interface CameraEventRow {
  readonly id: string;
  readonly host_id: string;
  readonly camera_name: string;
  /** bigint, which the client gives as text. */
  readonly sequence: string;
  readonly event_type: string;
  readonly timestamp: Date;
  readonly event_data: unknown;
}

const base = {
  id: z.guid(),
  hostId: z.string(),
  cameraName: z.string(),
  sequence: z.int(),
  timestamp: instantSchema,
};

const event = <Type extends CameraEvent['eventType'], Fields extends z.ZodRawShape>(eventType: Type, fields: Fields) =>
  z.object({ ...fields, ...base, eventType: z.literal(eventType) });

/** A camera's event as it is read from a row, with the keys of the domain. */
export const cameraEventSchema: z.ZodType<CameraEvent> = z.discriminatedUnion('eventType', [
  event('camera_online', { since: instantSchema, offlineSince: instantSchema.exactOptional() }),
  event('camera_offline', { since: instantSchema, reason: z.string().exactOptional() }),
  event('notification_sent', notificationSentFields),
  event('notification_failed', notificationFailedFields),
]);

/** The event as the insert statement's records want it; the fields that only its type has are in `event_data`. */
export function toCameraEventRow(cameraEvent: CameraEvent): object {
  const { id, hostId, cameraName, sequence, eventType, timestamp, ...own } = cameraEvent;
  return {
    ...{ id, host_id: hostId, camera_name: cameraName, sequence, event_type: eventType, timestamp },
    event_data: toSnakeCase(own),
  };
}

/** @returns undefined for a row that this version cannot read. */
export function parseCameraEventRow(row: CameraEventRow): CameraEvent | undefined {
  const own = fromSnakeCase(row.event_data);
  return cameraEventSchema.safeParse({
    ...(typeof own === 'object' ? own : {}),
    id: row.id,
    hostId: row.host_id,
    cameraName: row.camera_name,
    sequence: Number(row.sequence),
    eventType: row.event_type,
    timestamp: row.timestamp.toISOString(),
  }).data;
}
