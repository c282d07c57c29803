import type { SequenceAnalysis } from './analysis.ts';
import type { ClipId } from './ids.ts';
import type { Instant } from './instant.ts';
import type { KnownAnalysis, KnownFilter } from './known.ts';
import type { RiskLevel } from './risk.ts';

/** All a policy may look at. It can tell not yet, skipped and failed apart for both stages. */
export interface PolicyFacts {
  readonly cameraName: string;
  readonly recordedStartAt: Instant;
  readonly triggerClasses: readonly string[];
  readonly filter: KnownFilter;
  readonly analysis: KnownAnalysis;
}

export interface AlertDecision {
  readonly notify: boolean;
  /** `risk_level=high`, `below_threshold`, …: stable words that automations match on. */
  readonly notifyReason: string;
  /** Of a clip that is worth an alert, which the owner's wishes do not let out; `notify` is then false. */
  readonly heldBack?: HeldBack;
  /** Under which of the owner's wishes it may alert; missing where there are none. */
  readonly terms?: AlertTerms;
}

/** Why an alert is held back, as events and automations know it. */
export type HoldBackReason = 'quiet_hours' | 'cool_down';

export interface HeldBack {
  readonly reason: HoldBackReason;
  /** A clip recorded from then on is not held back for this. */
  readonly until: Instant;
  /** What it would have alerted for: a `notifyReason`. */
  readonly alertReason: string;
}

/** What only the memory of a camera's alerts can judge: its alert desk is asked. At least one of the two is there. */
export interface AlertTerms {
  /** For so long after a clip that alerted, another in which the same was seen is held back, unless its risk is higher. */
  readonly coolDownMs?: number;
  /** Clips of one event, and clips of which one begins at most so long after another has ended, are one alert. */
  readonly visitGapMs?: number;
}

/** What a channel was told: the identity of an alert, and which version of it. */
export type ToldAs = Pick<Alert, 'dedupeKey' | 'revision'>;

/** What a channel delivers. Revision 1 is the alert; higher ones update it, under the same key. */
export type Alert = ClipAlert | CameraAlert;

interface AlertBase {
  readonly dedupeKey: string;
  readonly revision: number;
  readonly cameraName: string;
  /** When it was put into words; a repeat has the same. */
  readonly at: Instant;
}

export interface ClipAlert extends AlertBase {
  /** Missing in histories of 0.1.0. */
  readonly kind?: 'clip';
  readonly clipId: ClipId;
  readonly recordedStartAt: Instant;
  readonly durationMs: number;
  readonly notifyReason: string;
  readonly detectedClasses: readonly string[];
  readonly storageUri?: string;
  /** Where storage has the clip; there once it is uploaded. */
  readonly storageKey?: string;
  /** Where storage has the picture of what was detected. */
  readonly snapshotKey?: string;
  /** It may be told together with other clips of the same visit: the camera's alert desk says under which key and revision. */
  readonly grouped?: boolean;
  /** How many clips of one visit it tells of, when it is more than its own; `riskLevel` is then the highest of theirs. */
  readonly clipCount?: number;
  /** Of a visit that has become worse: the channel has not been told of so high a risk before. */
  readonly worse?: boolean;
  readonly riskLevel?: RiskLevel;
  readonly activityType?: string;
  readonly summary?: string;
  readonly analysis?: SequenceAnalysis;
  /** The detector has not confirmed it: it failed, or was not done by the deadline. */
  readonly unverified: boolean;
  readonly uploadFailed: boolean;
  readonly vlmFailed: boolean;
  /** The clip was started after its deadline had passed. */
  readonly delayed: boolean;
}

/** A camera is away (revision 1), or back again (revision 2, under the key of the alert that told of its loss). */
export interface CameraAlert extends AlertBase {
  readonly kind: 'camera_offline' | 'camera_online';
  /** Since when it is away, or back. */
  readonly since: Instant;
  /** Why it is away, in words. */
  readonly reason?: string;
  /** Of a camera that is back: since when it had been away. */
  readonly offlineSince?: Instant;
}

export const isCameraAlert = (alert: Alert): alert is CameraAlert =>
  alert.kind === 'camera_offline' || alert.kind === 'camera_online';
