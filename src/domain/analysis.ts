import type { RiskLevel } from './risk.ts';

export const ACTIVITY_TYPES = [
  'normal_delivery',
  'normal_visitor',
  'passerby',
  'suspicious_behavior',
  'dangerous_activity',
  'no_activity',
  'unknown',
] as const;
export type ActivityType = (typeof ACTIVITY_TYPES)[number];

export const ENTITY_TYPES = ['person', 'vehicle', 'animal', 'package', 'object', 'unknown'] as const;
export type EntityType = (typeof ENTITY_TYPES)[number];

/** One person or thing followed through a clip. Timestamps are media time, `HH:MM:SS.cc`. */
export interface EntityTimeline {
  readonly type: EntityType;
  readonly firstSeenTimestamp: string;
  readonly lastSeenTimestamp: string;
  readonly description: string;
  readonly movement: string;
  readonly location: string;
  readonly interaction: string;
}

/** What a vision-language model says of a clip, field by field as consumers of its MQTT payload know it. */
export interface SequenceAnalysis {
  readonly sequenceDescription: string;
  readonly maxRiskLevel: RiskLevel;
  readonly primaryActivity: ActivityType;
  readonly observations: readonly string[];
  readonly entitiesTimeline: readonly EntityTimeline[];
  readonly requiresReview: boolean;
  readonly frameCount: number;
  readonly videoStartTime: string;
  readonly videoEndTime: string;
}

export interface AnalysisResult {
  readonly riskLevel: RiskLevel;
  /** One of the words the analyzer declares it can emit. */
  readonly activityType: string;
  readonly summary: string;
  readonly analysis?: SequenceAnalysis;
  readonly model: string;
  readonly promptVersion: string;
  readonly promptTokens?: number;
  readonly completionTokens?: number;
}
