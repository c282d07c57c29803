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
}

/** What a channel delivers. Revision 1 is the alert; higher ones update it, under the same key. */
export interface Alert {
  readonly dedupeKey: string;
  readonly revision: number;
  readonly clipId: ClipId;
  readonly cameraName: string;
  readonly at: Instant;
  readonly recordedStartAt: Instant;
  readonly durationMs: number;
  readonly notifyReason: string;
  readonly detectedClasses: readonly string[];
  readonly storageUri?: string;
  readonly viewUrl?: string;
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
