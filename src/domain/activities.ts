import type { Alert, AlertDecision, PolicyFacts, ToldAs } from './alert.ts';
import type { DeskAnswer, DeskRequest } from './alert-desk.ts';
import type { AnalysisResult } from './analysis.ts';
import type { BacklogEntry } from './backlog.ts';
import type { HostCamera } from './camera.ts';
import type { CameraEvent } from './camera-events.ts';
import type { Clip } from './clip.ts';
import type { ClipMemory } from './clip-memory.ts';
import type { FilterResult } from './detection.ts';
import type { ClipEvent } from './events.ts';
import type { ClipId } from './ids.ts';
import type { StoredClip } from './known.ts';
import type { Result } from './result.ts';
import type { FilterError, NotifyError, StageError, StageErrorCode, UploadError, VLMError } from './stage-error.ts';

/**
 * The port between workflows and activities. A stage answers with a `Result`; on the way through Temporal its error
 * becomes a typed failure (so the server retries it by the stage's own policy) and in the workflow a `Result` again.
 */
export interface Activities {
  uploadClip(input: { readonly clip: Clip }): Promise<Result<StoredClip, UploadError>>;
  /** Also keeps a picture of the best detection of a trigger class, for the alert. */
  detectObjects(input: ClipSource & { readonly triggerClasses?: readonly string[] }): Promise<Result<FilterResult, FilterError>>;
  analyzeClip(input: ClipSource & { readonly filter?: FilterResult }): Promise<Result<AnalysisResult, VLMError>>;
  decideAlert(facts: PolicyFacts): Promise<AlertDecision>;
  /** Asks the camera's alert desk whether a clip may alert under the terms of its decision. Rejects when it does not answer in time. */
  askDesk(request: DeskRequest): Promise<DeskAnswer>;
  /** @returns as what the channel was told; nothing where it had been. @param input.runId of the workflow run that asks for it; not given where a reset repeats nothing. */
  sendNotification(input: {
    readonly channel: string;
    readonly alert: Alert;
    readonly runId?: string;
  }): Promise<Result<ToldAs | undefined, NotifyError>>;
  /** What other runs over the clip did. @param input.originalRunId of the run that asks: resets keep it. */
  recallClip(input: { readonly originalRunId: string }): Promise<ClipMemory>;
  /** Appends events and folds them into the clip's state. Idempotent by event id. */
  recordEvents(input: { readonly clipId: ClipId; readonly events: readonly ClipEvent[] }): Promise<void>;
  /** The same for a camera. */
  recordCameraEvents(input: { readonly camera: HostCamera; readonly events: readonly CameraEvent[] }): Promise<void>;
  /** Has a clip that alerts unverified after an outage told with the others of its camera, in one alert. */
  addToBacklog(input: {
    readonly cameraName: string;
    readonly channels: readonly string[];
    readonly entry: BacklogEntry;
  }): Promise<void>;
  /** Closes the clip's marker in the spool: its final state is recorded. Runs where the bytes are. */
  releaseClip(input: { readonly clipId: ClipId; readonly uploaded: boolean }): Promise<void>;
}

/** A clip, and where else than in storage its bytes can be had. */
export interface ClipSource {
  readonly clip: Clip;
  /** As in its plan. */
  readonly clipsUrl?: string;
}

/** A failed attempt before the one that settled the stage, as carried from attempt to attempt in heartbeat details. */
export interface FailedAttempt {
  readonly attempt: number;
  readonly errorType: StageError['kind'];
  readonly errorCode: StageErrorCode;
  readonly errorMessage: string;
}

/** What a stage's activity reports when it succeeded: its value, and how it got there. */
export interface Attempted<T> {
  readonly value: T;
  readonly attempt: number;
  readonly durationMs: number;
  readonly failedAttempts: readonly FailedAttempt[];
}

/** Activities as a workflow sees them: errors of stages are thrown failures, values carry their attempts. */
export type ProxiesOf<Port> = {
  [Name in keyof Port]: Port[Name] extends (input: infer Input) => Promise<infer Output>
    ? (input: Input) => Promise<[Output] extends [Result<infer T, StageError>] ? Attempted<T> : Output>
    : never;
};
export type ActivityProxies = ProxiesOf<Activities>;
