import { z } from 'zod';
import type { AnalysisResult, SequenceAnalysis } from '../domain/analysis.ts';
import { ACTIVITY_TYPES, ENTITY_TYPES } from '../domain/analysis.ts';
import type { FilterResult } from '../domain/detection.ts';
import { type ClipId, isClipId } from '../domain/ids.ts';
import { RISK_LEVELS } from '../domain/risk.ts';
import { STAGE_ERROR_CODES, STAGES, type StageErrorCode } from '../domain/stage-error.ts';

/** Parts that stored events and stored states share, with the keys of the domain. Unknown keys are dropped. */
export const clipIdSchema = z.custom<ClipId>((value) => typeof value === 'string' && isClipId(value), 'must be a clip id');
export const instantSchema = z.iso.datetime({ precision: 3 });
export const countSchema = z.number().int().nonnegative();
export const stageSchema = z.enum(STAGES);
export const riskLevelSchema = z.enum(RISK_LEVELS);
export const stageErrorCodeSchema = z.custom<StageErrorCode>(
  (value) => typeof value === 'string' && Object.hasOwn(STAGE_ERROR_CODES, value),
  'must be an error code of this version',
);

const boxSchema = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
const detectionSchema = z.object({ className: z.string(), confidence: z.number(), box: boxSchema, atMs: z.number() });

export const filterResultSchema = z.object({
  detectedClasses: z.array(z.string()),
  confidence: z.number(),
  model: z.string(),
  modelSha256: z.string(),
  sampledFrames: countSchema,
  detections: z.array(detectionSchema),
  snapshotKey: z.string().exactOptional(),
}) satisfies z.ZodType<FilterResult>;

const sequenceAnalysisSchema = z.object({
  sequenceDescription: z.string(),
  maxRiskLevel: riskLevelSchema,
  primaryActivity: z.enum(ACTIVITY_TYPES),
  observations: z.array(z.string()),
  entitiesTimeline: z.array(
    z.object({
      type: z.enum(ENTITY_TYPES),
      firstSeenTimestamp: z.string(),
      lastSeenTimestamp: z.string(),
      description: z.string(),
      movement: z.string(),
      location: z.string(),
      interaction: z.string(),
    }),
  ),
  requiresReview: z.boolean(),
  frameCount: countSchema,
  videoStartTime: z.string(),
  videoEndTime: z.string(),
}) satisfies z.ZodType<SequenceAnalysis>;

export const analysisResultSchema = z.object({
  riskLevel: riskLevelSchema,
  activityType: z.string(),
  summary: z.string(),
  analysis: sequenceAnalysisSchema.exactOptional(),
  model: z.string(),
  promptVersion: z.string(),
  promptTokens: countSchema.exactOptional(),
  completionTokens: countSchema.exactOptional(),
}) satisfies z.ZodType<AnalysisResult>;

/** What sealing fixed, as `clip_recorded` tells it and the state keeps it. */
export const recordingSchema = z.object({
  clipId: clipIdSchema,
  cameraName: z.string(),
  hostId: z.string(),
  recordedStartAt: instantSchema,
  recordedEndAt: instantSchema,
  durationMs: z.number().nonnegative(),
  sealedAt: instantSchema,
  sourceBackend: z.string(),
  eventId: z.string().exactOptional(),
  sizeBytes: countSchema,
  sha256: z.string(),
  localPath: z.string(),
  storageKey: z.string(),
});
