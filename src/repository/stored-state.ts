import { z } from 'zod';
import { CLIP_STATUSES, type ClipState } from '../domain/clip-state.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { fromSnakeCase } from '../domain/snake-case.ts';
import {
  analysisResultSchema,
  countSchema,
  filterResultSchema,
  instantSchema,
  recordingSchema,
  stageErrorCodeSchema,
  stageSchema,
} from './stored-parts.ts';

const deliverySchema = z.object({
  notifierName: z.string(),
  status: z.enum(['sent', 'failed']),
  revision: countSchema,
  at: instantSchema,
});

const problemSchema = z.object({
  stage: stageSchema,
  notifierName: z.string().exactOptional(),
  errorCode: stageErrorCodeSchema,
  errorMessage: z.string(),
  attempt: countSchema,
  willRetry: z.boolean(),
  at: instantSchema,
});

const clipStateSchema: z.ZodType<ClipState> = z.object({
  ...recordingSchema.shape,
  schemaVersion: z.literal(1),
  status: z.enum(CLIP_STATUSES),
  generation: z.int(),
  lastSequence: z.int(),
  storageUri: z.string().exactOptional(),
  filterResult: filterResultSchema.exactOptional(),
  analysisResult: analysisResultSchema.exactOptional(),
  vlmSkipReason: z.string().exactOptional(),
  alertDecision: z.object({ notify: z.boolean(), notifyReason: z.string() }).exactOptional(),
  deliveries: z.array(deliverySchema),
  problems: z.array(problemSchema),
  parkedReason: z.string().exactOptional(),
  acknowledgedBy: z.string().exactOptional(),
});

/** @returns what is wrong with `clip_states.data`, in words, when this version cannot read it. */
export function parseStoredState(data: unknown): Result<ClipState, string> {
  const parsed = clipStateSchema.safeParse(fromSnakeCase(data));
  return parsed.success ? ok(parsed.data) : err(z.prettifyError(parsed.error));
}
