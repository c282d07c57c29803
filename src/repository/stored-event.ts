import { z } from 'zod';
import type { HoldBackReason } from '../domain/alert.ts';
import type { ClipEvent } from '../domain/events.ts';
import type { VLMSkipReason } from '../domain/known.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { fromSnakeCase, toSnakeCase } from '../domain/snake-case.ts';
import {
  analysisResultSchema,
  clipIdSchema,
  countSchema,
  filterResultSchema,
  instantSchema,
  recordingSchema,
  riskLevelSchema,
  stageErrorCodeSchema,
  stageSchema,
} from './stored-parts.ts';

/** A row of `clip_events`. */
export interface EventRow {
  readonly id: string;
  readonly clip_id: string;
  /** bigint, which the client gives as text. */
  readonly sequence: string;
  readonly generation: number;
  readonly event_type: string;
  /** A number when somebody wrote `infinity`. */
  readonly timestamp: Date | number;
  readonly event_data: unknown;
}

const base = {
  id: z.guid(),
  clipId: clipIdSchema,
  sequence: z.int(),
  generation: z.int(),
  timestamp: instantSchema,
};
const attempt = countSchema;
const done = { attempt, durationMs: z.number().nonnegative() };
const failed = {
  attempt,
  errorType: z.string(),
  errorCode: stageErrorCodeSchema,
  errorMessage: z.string(),
  willRetry: z.boolean(),
};
export const notificationSentFields = { ...done, notifierName: z.string(), dedupeKey: z.string(), revision: countSchema };
export const notificationFailedFields = { ...failed, notifierName: z.string(), revision: countSchema };
const unfinished = { stages: z.array(stageSchema), reason: z.string() };
const skipReasonSchema = z.enum(['run_mode_never', 'no_trigger_classes', 'filter_failed'] satisfies VLMSkipReason[]);

const event = <Type extends ClipEvent['eventType'], Fields extends z.ZodRawShape>(eventType: Type, fields: Fields) =>
  z.object({ ...fields, ...base, eventType: z.literal(eventType) });

/** An event as it is read from a row, with the keys of the domain. */
export const eventSchema: z.ZodType<ClipEvent> = z.discriminatedUnion('eventType', [
  event('clip_recorded', recordingSchema.shape),
  event('upload_started', { destKey: z.string(), attempt }),
  event('upload_completed', { ...done, storageUri: z.string() }),
  event('upload_failed', failed),
  event('filter_started', { attempt }),
  event('filter_completed', { ...done, ...filterResultSchema.shape }),
  event('filter_failed', failed),
  event('vlm_started', { attempt }),
  event('vlm_completed', { ...done, ...analysisResultSchema.shape }),
  event('vlm_failed', failed),
  event('vlm_skipped', { reason: skipReasonSchema }),
  event('alert_decision_made', {
    shouldNotify: z.boolean(),
    reason: z.string(),
    detectedClasses: z.array(z.string()).exactOptional(),
    vlmRisk: riskLevelSchema.exactOptional(),
    unverified: z.boolean(),
  }),
  event('alert_suppressed', {
    reason: z.enum(['quiet_hours', 'cool_down'] satisfies HoldBackReason[]),
    until: instantSchema,
    alertReason: z.string(),
  }),
  event('alert_summarized', {}),
  event('notification_sent', notificationSentFields),
  event('notification_failed', notificationFailedFields),
  event('stage_retried', { stage: stageSchema }),
  event('clip_acknowledged', { by: z.string() }),
  event('clip_restarted', { stage: stageSchema.exactOptional(), reset: z.literal(true).exactOptional() }),
  event('clip_rechecked', {
    reason: z.string(),
    runId: z.string(),
    priorFilter: filterResultSchema.exactOptional(),
    recheckFilter: filterResultSchema,
  }),
  event('clip_done', {}),
  event('clip_parked', unfinished),
  event('clip_failed', unfinished),
  event('clip_deleted', { reason: z.string(), runId: z.string(), deletedLocal: z.boolean(), deletedStorage: z.boolean() }),
]);

/** The event as the insert statement's records want it; the fields that only its type has are in `event_data`. */
export function toEventRow(clipEvent: ClipEvent): object {
  const { id, clipId, sequence, generation, eventType, timestamp, ...own } = clipEvent;
  return { id, clip_id: clipId, sequence, generation, event_type: eventType, timestamp, event_data: toSnakeCase(own) };
}

/** @returns what is wrong with the row, in words, when this version cannot read it. */
export function parseEventRow(row: EventRow): Result<ClipEvent, string> {
  const own = fromSnakeCase(row.event_data);
  const parsed = eventSchema.safeParse({
    ...(typeof own === 'object' ? own : {}),
    id: row.id,
    clipId: row.clip_id,
    sequence: Number(row.sequence),
    generation: row.generation,
    eventType: row.event_type,
    timestamp: row.timestamp instanceof Date ? row.timestamp.toISOString() : row.timestamp,
  });
  return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
}
