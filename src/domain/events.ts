import type { HeldBack } from './alert.ts';
import type { AnalysisResult } from './analysis.ts';
import type { ClipFacts } from './clip.ts';
import type { FilterResult } from './detection.ts';
import type { ClipId } from './ids.ts';
import type { Instant } from './instant.ts';
import type { VLMSkipReason } from './known.ts';
import type { RiskLevel } from './risk.ts';
import type { Stage, StageErrorCode } from './stage-error.ts';

/** Common to all events of a clip. */
interface EventBase<Type extends string> {
  readonly eventType: Type;
  /** UUID; the same event is written once however often it arrives. */
  readonly id: string;
  readonly clipId: ClipId;
  /** Grows through a clip's whole life, across resets and generations: the order of events, whatever their arrival. */
  readonly sequence: number;
  /** 1 for the first run over a clip; each deliberate re-run of a closed one adds 1. A reset is the same run. */
  readonly generation: number;
  readonly timestamp: Instant;
}

/** One attempt at a stage that did not work. */
interface AttemptFailed {
  readonly attempt: number;
  readonly errorType: string;
  readonly errorCode: StageErrorCode;
  readonly errorMessage: string;
  readonly willRetry: boolean;
}
/** One attempt that did, and how long it took. */
interface AttemptDone {
  readonly attempt: number;
  readonly durationMs: number;
}

export interface ClipRecorded extends EventBase<'clip_recorded'>, ClipFacts {
  readonly localPath: string;
}
export interface UploadStarted extends EventBase<'upload_started'> {
  readonly destKey: string;
  readonly attempt: number;
}
export interface UploadCompleted extends EventBase<'upload_completed'>, AttemptDone {
  readonly storageUri: string;
}
export interface UploadFailed extends EventBase<'upload_failed'>, AttemptFailed {}
export interface FilterStarted extends EventBase<'filter_started'> {
  readonly attempt: number;
}
export interface FilterCompleted extends EventBase<'filter_completed'>, AttemptDone, FilterResult {}
export interface FilterFailed extends EventBase<'filter_failed'>, AttemptFailed {}
export interface VlmStarted extends EventBase<'vlm_started'> {
  readonly attempt: number;
}
export interface VlmCompleted extends EventBase<'vlm_completed'>, AttemptDone, AnalysisResult {}
export interface VlmFailed extends EventBase<'vlm_failed'>, AttemptFailed {}
export interface VlmSkipped extends EventBase<'vlm_skipped'> {
  readonly reason: VLMSkipReason;
}
export interface AlertDecisionMade extends EventBase<'alert_decision_made'> {
  readonly shouldNotify: boolean;
  readonly reason: string;
  readonly detectedClasses?: readonly string[];
  readonly vlmRisk?: RiskLevel;
  readonly unverified: boolean;
}
/** The clip was worth an alert, and a wish of the owner held it back. */
export interface AlertSuppressed extends EventBase<'alert_suppressed'>, HeldBack {}
/** The alert of a clip from a backlog went into the summary of its camera. */
export interface AlertSummarized extends EventBase<'alert_summarized'> {}
export interface NotificationSentFacts extends AttemptDone {
  readonly notifierName: string;
  readonly dedupeKey: string;
  readonly revision: number;
}
export interface NotificationFailedFacts extends AttemptFailed {
  readonly notifierName: string;
  readonly revision: number;
}
export interface NotificationSent extends EventBase<'notification_sent'>, NotificationSentFacts {}
export interface NotificationFailed extends EventBase<'notification_failed'>, NotificationFailedFacts {}
export interface StageRetried extends EventBase<'stage_retried'> {
  readonly stage: Stage;
}
export interface ClipAcknowledged extends EventBase<'clip_acknowledged'> {
  readonly by: string;
}
export interface ClipRestarted extends EventBase<'clip_restarted'> {
  readonly stage?: Stage;
  /** The workflow was reset: the same generation goes on from an earlier point. */
  readonly reset?: true;
}
export interface ClipRechecked extends EventBase<'clip_rechecked'> {
  readonly reason: string;
  readonly runId: string;
  readonly priorFilter?: FilterResult;
  readonly recheckFilter: FilterResult;
}
export interface ClipDone extends EventBase<'clip_done'> {}
export interface ClipParked extends EventBase<'clip_parked'> {
  readonly stages: readonly Stage[];
  readonly reason: string;
}
export interface ClipFailed extends EventBase<'clip_failed'> {
  readonly stages: readonly Stage[];
  readonly reason: string;
}
export interface ClipDeleted extends EventBase<'clip_deleted'> {
  readonly reason: string;
  readonly runId: string;
  readonly deletedLocal: boolean;
  readonly deletedStorage: boolean;
}

export type ClipEvent =
  | ClipRecorded
  | UploadStarted
  | UploadCompleted
  | UploadFailed
  | FilterStarted
  | FilterCompleted
  | FilterFailed
  | VlmStarted
  | VlmCompleted
  | VlmFailed
  | VlmSkipped
  | AlertDecisionMade
  | AlertSuppressed
  | AlertSummarized
  | NotificationSent
  | NotificationFailed
  | StageRetried
  | ClipAcknowledged
  | ClipRestarted
  | ClipRechecked
  | ClipDone
  | ClipParked
  | ClipFailed
  | ClipDeleted;

export type EventType = ClipEvent['eventType'];

/** An event before its clip's log gave it id, sequence and time. */
export type NewClipEvent = ClipEvent extends infer Event
  ? Event extends ClipEvent
    ? Omit<Event, 'id' | 'clipId' | 'sequence' | 'generation' | 'timestamp'>
    : never
  : never;
