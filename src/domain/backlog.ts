import type { AlertDecision } from './alert.ts';
import { type ClipId, cameraSlug } from './ids.ts';
import type { Instant } from './instant.ts';

/** A clip of a backlog that would alert though nobody has verified it. */
export interface BacklogEntry {
  readonly clipId: ClipId;
  readonly recordedStartAt: Instant;
  readonly durationMs: number;
  readonly decision: AlertDecision;
}

export interface SummarizeBacklogInput {
  readonly cameraName: string;
  readonly channels: readonly string[];
  /** No further clip for so long ends the collecting. */
  readonly quietMs: number;
  /** Collecting ends after so long in any case. */
  readonly limitMs: number;
}

export const SUMMARIZE_BACKLOG = 'summarizeBacklog';
export const BACKLOG_SIGNAL = 'addToBacklog';

/** One summary at a time for each camera. Names that share a slug are told apart by their own letters. */
export const backlogWorkflowIdOf = (cameraName: string): string =>
  `backlog-${cameraSlug(cameraName)}-${encodeURIComponent(cameraName)}`;
