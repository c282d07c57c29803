import type { Clip } from './clip.ts';
import type { ClipStatus } from './clip-state.ts';
import type { KnownAnalysis, KnownFilter, KnownUpload, VLMRunMode } from './known.ts';
import type { Stage } from './stage-error.ts';

/** What decides a clip's course, taken from the configuration when the clip is handed over. Never a plugin's own config. */
export interface ClipPlan {
  readonly runMode: VLMRunMode;
  readonly triggerClasses: readonly string[];
  /** From sealing to the first notification. */
  readonly alertDeadlineMs: number;
  /** Names of the notification channels that are on. */
  readonly channels: readonly string[];
  /** How long a parked clip waits for a person before it fails. */
  readonly parkForMs: number;
  /** Limits for `filter` and `vlm`: attempts, and the wait before the second. */
  readonly maxAttempts: number;
  readonly backoffMs: number;
  /** Where the host that recorded it hands out its bytes by signed link; missing: nowhere. */
  readonly clipsUrl?: string;
}

export interface ProcessClipInput {
  readonly clip: Clip;
  readonly plan: ClipPlan;
  /** 1 for the first run; each deliberate re-run of a closed clip adds 1. */
  readonly generation: number;
  /** The stage that a re-run was asked for. */
  readonly retryStage?: Stage;
  /** For a re-run: the last revision of the alert that each channel had, so that it gets an update and not a second alert. */
  readonly delivered?: Readonly<Record<string, number>>;
}

/** What the workflow's `state` query answers. */
export interface ProcessClipState {
  /** Which run over the clip this is. */
  readonly generation: number;
  readonly status: ClipStatus;
  readonly upload: KnownUpload;
  readonly filter: KnownFilter;
  readonly analysis: KnownAnalysis;
  readonly deliveries: Readonly<Record<string, 'nothing_to_send' | 'owed' | 'sent' | 'failed'>>;
  readonly failedStages: readonly Stage[];
  readonly acknowledgedBy?: string;
}

export interface ProcessClipResult {
  readonly status: 'done';
  readonly notified: boolean;
}

export interface RetryStageRequest {
  readonly stage: Stage;
}
export interface AcknowledgeRequest {
  readonly by: string;
}
/** What an update answers. Not applied: taken for one that an earlier run carried out and a reset repeats. */
export interface UpdateAnswer {
  readonly applied: boolean;
}

export const PROCESS_CLIP = 'processClip';
export const RETRY_STAGE_UPDATE = 'retryStage';
export const ACKNOWLEDGE_UPDATE = 'acknowledge';
export const STATE_QUERY = 'state';
/** Answers with the events that are not confirmed as written, also of a run that was ended from outside. */
export const UNWRITTEN_QUERY = 'unwritten';

export const NAMESPACE = 'homesec';
/** Namespace retention everywhere: 30 days. */
export const RETENTION_HOURS = 720;

export const PIPELINE_QUEUE = 'homesec';
export const GPU_QUEUE = 'homesec-gpu';
export const VLM_QUEUE = 'homesec-vlm';
/** The queue of the one host whose disk holds the bytes. */
export const hostQueue = (hostId: string): string => `homesec-host-${hostId}`;

/** Search attributes of a clip's workflow, by name and Temporal type. No names of people, no addresses: they are not encrypted. */
export const SEARCH_ATTRIBUTES = {
  ClipCamera: 'KEYWORD',
  ClipStatus: 'KEYWORD',
  ClipStage: 'KEYWORD',
  ClipErrorCode: 'KEYWORD',
  ClipRecordedAt: 'DATETIME',
  ClipLabels: 'KEYWORD_LIST',
  ClipAcknowledged: 'BOOL',
  /** The backfill that a run belongs to. */
  ClipBatch: 'KEYWORD',
} as const;
