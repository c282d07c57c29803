import { randomBytes, randomUUID } from 'node:crypto';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { ClipEvent, NewClipEvent } from '../../src/domain/events.ts';
import { type ClipId, createClipId } from '../../src/domain/ids.ts';

export const FILTER_RESULT: FilterResult = {
  detectedClasses: ['person', 'dog'],
  confidence: 0.91,
  model: 'yolox_nano_416',
  modelSha256: 'b'.repeat(64),
  sampledFrames: 20,
  detections: [
    { className: 'person', confidence: 0.91, box: { x: 0.25, y: 0.5, width: 0.125, height: 0.5 }, atMs: 1500 },
    { className: 'dog', confidence: 0.62, box: { x: 0, y: 0.5, width: 0.1, height: 0.2 }, atMs: 2000 },
  ],
};

export const ANALYSIS_RESULT: AnalysisResult = {
  riskLevel: 'high',
  activityType: 'suspicious_behavior',
  summary: 'Someone tries the back door.',
  analysis: {
    sequenceDescription: 'Someone tries the back door.',
    maxRiskLevel: 'high',
    primaryActivity: 'suspicious_behavior',
    observations: ['hood up'],
    entitiesTimeline: [
      {
        type: 'person',
        firstSeenTimestamp: '00:00:01.50',
        lastSeenTimestamp: '00:00:08.00',
        description: 'adult in a dark hood',
        movement: 'left to right',
        location: 'porch',
        interaction: 'door handle',
      },
    ],
    requiresReview: true,
    frameCount: 12,
    videoStartTime: '00:00:00.00',
    videoEndTime: '00:00:10.00',
  },
  model: 'gpt-5-mini',
  promptVersion: '1',
  promptTokens: 1200,
  completionTokens: 300,
};

export interface StoryOptions {
  readonly cameraName?: string;
  readonly recordedStartAt?: string;
}

/** A clip whose events a test makes up, stamped as a workflow stamps them: unique ids, growing sequence. */
export interface ClipStory {
  readonly clipId: ClipId;
  readonly emit: (event: NewClipEvent) => ClipEvent;
  readonly recorded: () => ClipEvent;
  /** The next events belong to a re-run. */
  readonly nextGeneration: () => void;
}

export function createStory({
  cameraName = 'Front Door',
  recordedStartAt = '2026-03-28T01:30:00.000Z',
}: StoryOptions = {}): ClipStory {
  const clipId = createClipId(recordedStartAt, cameraName, randomBytes(6).toString('hex'));
  const startMs = Date.parse(recordedStartAt);
  let sequence = startMs * 1000;
  let generation = 1;
  const emit = (event: NewClipEvent): ClipEvent => {
    sequence += 1_000_000;
    const timestamp = new Date(sequence / 1000).toISOString();
    return { ...event, id: randomUUID(), clipId, generation, sequence, timestamp };
  };
  const recorded = (): ClipEvent =>
    emit({
      eventType: 'clip_recorded',
      cameraName,
      hostId: '5f0c5f9e-6c1d-4f0f-9f44-1d1f0c0a0b0c',
      recordedStartAt,
      recordedEndAt: new Date(startMs + 10_000).toISOString(),
      durationMs: 10_000,
      sealedAt: new Date(startMs + 10_500).toISOString(),
      sourceBackend: 'local_folder',
      sizeBytes: 1_234_567,
      sha256: 'a'.repeat(64),
      localPath: `/spool/${clipId}.mp4`,
      storageKey: `clips/front-door/${clipId}.mp4`,
    });
  return {
    clipId,
    emit,
    recorded,
    nextGeneration: () => {
      generation += 1;
    },
  };
}

/** One of each event that a clip's life can bring, by type. */
export const NEW_EVENTS: {
  readonly [Type in Exclude<ClipEvent['eventType'], 'clip_recorded'>]: NewClipEvent & { eventType: Type };
} = {
  upload_started: { eventType: 'upload_started', destKey: 'clips/a.mp4', attempt: 1 },
  upload_completed: {
    eventType: 'upload_completed',
    storageUri: 'local:clips/a.mp4',
    attempt: 1,
    durationMs: 80,
  },
  upload_failed: { eventType: 'upload_failed', ...failure('STORAGE_UNREACHABLE', 'UploadError', true) },
  filter_started: { eventType: 'filter_started', attempt: 1 },
  filter_completed: { eventType: 'filter_completed', ...FILTER_RESULT, attempt: 1, durationMs: 700 },
  filter_failed: { eventType: 'filter_failed', ...failure('FILTER_CRASHED', 'FilterError', false) },
  vlm_started: { eventType: 'vlm_started', attempt: 1 },
  vlm_completed: { eventType: 'vlm_completed', ...ANALYSIS_RESULT, attempt: 2, durationMs: 4000 },
  vlm_failed: { eventType: 'vlm_failed', ...failure('VLM_TIMED_OUT', 'VLMError', true) },
  vlm_skipped: { eventType: 'vlm_skipped', reason: 'no_trigger_classes' },
  alert_decision_made: {
    eventType: 'alert_decision_made',
    shouldNotify: true,
    reason: 'risk_level=high',
    detectedClasses: ['person'],
    vlmRisk: 'high',
    unverified: false,
  },
  alert_suppressed: {
    eventType: 'alert_suppressed',
    reason: 'cool_down',
    until: '2026-03-28T01:40:00.000Z',
    alertReason: 'risk_level=high',
  },
  alert_summarized: { eventType: 'alert_summarized' },
  notification_sent: {
    eventType: 'notification_sent',
    notifierName: 'phone',
    dedupeKey: 'k',
    revision: 1,
    attempt: 1,
    durationMs: 20,
  },
  notification_failed: {
    eventType: 'notification_failed',
    notifierName: 'phone',
    revision: 1,
    ...failure('NOTIFY_UNREACHABLE', 'NotifyError', false),
  },
  stage_retried: { eventType: 'stage_retried', stage: 'filter' },
  clip_acknowledged: { eventType: 'clip_acknowledged', by: 'owner' },
  clip_restarted: { eventType: 'clip_restarted', stage: 'vlm', reset: true },
  clip_rechecked: {
    eventType: 'clip_rechecked',
    reason: 'new model',
    runId: 'r1',
    recheckFilter: { ...FILTER_RESULT, model: 'yolox_s' },
  },
  clip_done: { eventType: 'clip_done' },
  clip_parked: { eventType: 'clip_parked', stages: ['upload'], reason: 'storage refuses access' },
  clip_failed: { eventType: 'clip_failed', stages: ['upload'], reason: 'nobody came' },
  clip_deleted: { eventType: 'clip_deleted', reason: 'owner', runId: 'r2', deletedLocal: true, deletedStorage: true },
};

function failure<Code extends 'STORAGE_UNREACHABLE' | 'FILTER_CRASHED' | 'VLM_TIMED_OUT' | 'NOTIFY_UNREACHABLE'>(
  errorCode: Code,
  errorType: string,
  willRetry: boolean,
) {
  return { attempt: 1, errorType, errorCode, errorMessage: `${errorCode} in a test`, willRetry };
}

/** In an order that the seed decides (Fisher-Yates over mulberry32), so that a failure can be played again. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = seededRandom(seed);
  const result = [...items];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    result.splice(last, 1, ...result.splice(other, 1, ...result.slice(last, last + 1)));
  }
  return result;
}

/** mulberry32: numbers in [0, 1) that depend on the seed alone. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
