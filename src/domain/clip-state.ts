import type { AlertDecision } from './alert.ts';
import type { AnalysisResult } from './analysis.ts';
import { assertNever } from './assert-never.ts';
import type { Clip, ClipFacts } from './clip.ts';
import type { FilterResult } from './detection.ts';
import type { ClipEvent, ClipRecorded, NotificationFailed, NotificationSent } from './events.ts';
import type { ClipId } from './ids.ts';
import type { Instant } from './instant.ts';
import type { Stage, StageErrorCode } from './stage-error.ts';

export const CLIP_STATUSES = ['queued_local', 'uploaded', 'analyzed', 'done', 'parked', 'failed', 'deleted'] as const;
export type ClipStatus = (typeof CLIP_STATUSES)[number];

export type DeliveryStatus = 'sent' | 'failed';
/** Where the alert stands on one channel. */
export interface Delivery {
  readonly notifierName: string;
  readonly status: DeliveryStatus;
  readonly revision: number;
  readonly at: Instant;
}

/** The last thing that went wrong in a stage and has not gone well since. */
export interface StageProblem {
  readonly stage: Stage;
  /** The channel, when the stage is `notify`: each has its own. */
  readonly notifierName?: string;
  readonly errorCode: StageErrorCode;
  readonly errorMessage: string;
  readonly attempt: number;
  readonly willRetry: boolean;
  readonly at: Instant;
}

/** What stands in `clip_states.data`: all events of a clip, folded. */
export interface ClipState extends ClipFacts {
  readonly schemaVersion: 1;
  readonly clipId: ClipId;
  readonly status: ClipStatus;
  readonly generation: number;
  readonly lastSequence: number;
  readonly localPath: string;
  readonly storageUri?: string;
  readonly filterResult?: FilterResult;
  readonly analysisResult?: AnalysisResult;
  readonly vlmSkipReason?: string;
  readonly alertDecision?: AlertDecision;
  readonly deliveries: readonly Delivery[];
  readonly problems: readonly StageProblem[];
  readonly parkedReason?: string;
  readonly acknowledgedBy?: string;
}

/** Events in the order in which their clip emitted them. */
export const inOrder = (events: readonly ClipEvent[]): ClipEvent[] =>
  events.toSorted((a, b) => a.sequence - b.sequence || (a.id < b.id ? -1 : 1));

/**
 * A clip's state, from all its events in any order.
 * @returns undefined while `clip_recorded` is not among them: nothing is known of the clip but loose ends.
 */
export function foldClip(events: readonly ClipEvent[]): ClipState | undefined {
  let state: ClipState | undefined;
  for (const event of inOrder(events)) {
    if (event.eventType === 'clip_recorded') state ??= recorded(event);
    if (state === undefined) continue;
    const generation = Math.max(state.generation, event.generation);
    state = { ...applyEvent(state, event), generation, lastSequence: event.sequence };
  }
  return state;
}

function recorded(event: ClipRecorded): ClipState {
  const { eventType: _type, id: _id, sequence, timestamp: _timestamp, ...facts } = event;
  return { schemaVersion: 1, status: 'queued_local', lastSequence: sequence, deliveries: [], problems: [], ...facts };
}

function applyEvent(state: ClipState, event: ClipEvent): ClipState {
  switch (event.eventType) {
    case 'upload_completed':
      return { ...healed(state, 'upload'), status: advance(state.status, 'uploaded'), storageUri: event.storageUri };
    case 'filter_completed': {
      const { detectedClasses, confidence, model, modelSha256, sampledFrames, detections, snapshotKey } = event;
      const picture = snapshotKey === undefined ? {} : { snapshotKey };
      return {
        ...healed(state, 'filter'),
        filterResult: { detectedClasses, confidence, model, modelSha256, sampledFrames, detections, ...picture },
      };
    }
    case 'clip_rechecked':
      return state.status === 'deleted' ? state : { ...state, filterResult: event.recheckFilter };
    case 'vlm_completed': {
      const { vlmSkipReason: _vlmSkipReason, ...rest } = healed(state, 'vlm');
      return { ...rest, status: advance(state.status, 'analyzed'), analysisResult: analysisOf(event) };
    }
    case 'vlm_skipped':
      return { ...healed(state, 'vlm'), vlmSkipReason: event.reason };
    case 'upload_failed':
      return troubled(state, 'upload', event);
    case 'filter_failed':
      return troubled(state, 'filter', event);
    case 'vlm_failed':
      return troubled(state, 'vlm', event);
    case 'alert_decision_made':
      return { ...state, alertDecision: { notify: event.shouldNotify, notifyReason: event.reason } };
    case 'alert_suppressed':
      return { ...state, alertDecision: { notify: false, notifyReason: event.reason } };
    case 'notification_sent':
      return delivered(healed(state, 'notify', event.notifierName), event, 'sent');
    case 'notification_failed': {
      const owed = troubled(state, 'notify', event, event.notifierName);
      return event.willRetry ? owed : delivered(owed, event, 'failed');
    }
    case 'clip_acknowledged':
      return { ...state, acknowledgedBy: event.by };
    case 'clip_done':
      return settled(state, 'done');
    case 'clip_parked':
      return settled(state, 'parked', event.reason);
    case 'clip_failed':
      return settled(state, 'failed', event.reason);
    case 'clip_deleted':
      return { ...state, status: 'deleted' };
    case 'clip_restarted':
    case 'stage_retried':
      return reopened(state);
    case 'clip_recorded':
    case 'alert_summarized':
    case 'upload_started':
    case 'filter_started':
    case 'vlm_started':
      return state;
    default:
      return assertNever(event);
  }
}

/** A deleted clip stays deleted, also when a workflow that was still at it ends. */
function settled(state: ClipState, status: 'done' | 'parked' | 'failed', reason?: string): ClipState {
  if (state.status === 'deleted') return state;
  const { parkedReason: _parkedReason, ...rest } = state;
  return { ...rest, status, ...(reason === undefined ? {} : { parkedReason: reason }) };
}

/** Under way again, with all that is known of it. */
function reopened(state: ClipState): ClipState {
  if (state.status === 'deleted') return state;
  const { parkedReason: _parkedReason, ...rest } = state;
  return { ...rest, status: state.storageUri === undefined ? 'queued_local' : 'uploaded' };
}

/** Progress never takes back a later status; only `clip_*` events change a final one. */
function advance(from: ClipStatus, to: 'uploaded' | 'analyzed'): ClipStatus {
  return CLIP_STATUSES.indexOf(from) < CLIP_STATUSES.indexOf(to) ? to : from;
}

function analysisOf(event: Extract<ClipEvent, { eventType: 'vlm_completed' }>): AnalysisResult {
  const {
    eventType: _t,
    id: _i,
    clipId: _c,
    sequence: _s,
    generation: _g,
    timestamp: _ts,
    attempt: _a,
    durationMs: _d,
    ...analysis
  } = event;
  return analysis;
}

const healed = (state: ClipState, stage: Stage, notifierName?: string): ClipState => ({
  ...state,
  problems: state.problems.filter((problem) => problem.stage !== stage || problem.notifierName !== notifierName),
});

type AttemptFailure = Extract<ClipEvent, { errorCode: StageErrorCode }>;

function troubled(state: ClipState, stage: Stage, event: AttemptFailure, notifierName?: string): ClipState {
  const { errorCode, errorMessage, attempt, willRetry, timestamp } = event;
  const channel = notifierName === undefined ? {} : { notifierName };
  const problem: StageProblem = { stage, ...channel, errorCode, errorMessage, attempt, willRetry, at: timestamp };
  return { ...state, problems: [...healed(state, stage, notifierName).problems, problem] };
}

function delivered(state: ClipState, event: NotificationSent | NotificationFailed, status: DeliveryStatus): ClipState {
  const delivery: Delivery = { notifierName: event.notifierName, status, revision: event.revision, at: event.timestamp };
  const others = state.deliveries.filter((other) => other.notifierName !== event.notifierName);
  return { ...state, deliveries: [...others, delivery].toSorted((a, b) => (a.notifierName < b.notifierName ? -1 : 1)) };
}

/** The recording that a state tells of. */
export function clipOf(state: ClipState): Clip {
  const { clipId, cameraName, hostId, recordedStartAt, recordedEndAt, durationMs } = state;
  const { sealedAt, sourceBackend, eventId, sizeBytes, sha256, localPath, storageKey } = state;
  const happening = eventId === undefined ? {} : { eventId };
  const recording = { recordedStartAt, recordedEndAt, durationMs, sealedAt, sourceBackend, ...happening };
  return { clipId, cameraName, hostId, ...recording, sizeBytes, sha256, path: localPath, storageKey };
}
