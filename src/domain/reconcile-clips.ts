import type { ProxiesOf } from './activities.ts';
import type { ClipId } from './ids.ts';

/** A clip whose workflow was ended from outside and could not tell so itself. */
export interface EndedClip {
  readonly clipId: ClipId;
  /** Whose spool holds its bytes. */
  readonly hostId: string;
  /** How it was ended, and what was said about it. */
  readonly reason: string;
}

export interface ReconcileRequest {
  /** How many ends are told between two looks at the list. Default: 200. */
  readonly clipsPerPage?: number;
}

export interface ReconcileActivities {
  /**
   * Writes the end of clips whose workflow was ended from outside, and what a run that a reset ended had not got written yet.
   * Idempotent. @returns the clips whose end was news, at most `limit`.
   */
  recordEndedClips(input: { readonly limit: number }): Promise<readonly EndedClip[]>;
  /** Has the spool show the clip as set aside, where it waits for a person. Runs where the bytes are. */
  setAsideClip(clip: EndedClip): Promise<void>;
}
export type ReconcileProxies = ProxiesOf<ReconcileActivities>;

export const RECONCILE_CLIPS = 'reconcileClips';
export const RECONCILE_SCHEDULE_ID = 'reconcile-clips';
export const RECONCILE_EVERY_MS = 600_000;
