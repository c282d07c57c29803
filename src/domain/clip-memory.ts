import type { ClipAlert } from './alert.ts';

/** What other runs over a clip did, as far as this run must not do it again. */
export interface ClipMemory {
  /** The highest generation of a run that was started apart from this one; 0 when there was none. */
  readonly generation: number;
  /** The alert that each channel has had last. */
  readonly delivered: Readonly<Record<string, ClipAlert>>;
  /** Told in the summary of its camera's backlog. */
  readonly summarized: boolean;
}

/** The workflow run that asks. */
export interface AskingRun {
  readonly workflowId: string;
  readonly runId: string;
  /** The run that a reset made this one of; else its own id. */
  readonly originalRunId: string;
}

/** What all other runs over the same clip did. Rejects when Temporal does not answer. */
export type RecallRuns = (asking: AskingRun) => Promise<ClipMemory>;

/** Whether a channel that has had one alert would learn nothing from the other. Where the clip lies in storage it may know already. */
export const isSameNews = (had: ClipAlert, next: ClipAlert): boolean => newsOf(had) === newsOf({ ...placeOf(had), ...next });

const placeOf = ({ storageUri, storageKey }: ClipAlert) => ({
  ...(storageUri === undefined ? {} : { storageUri }),
  ...(storageKey === undefined ? {} : { storageKey }),
});

/** When, how often and in whose name it was put into words is no news; neither is a field that is there without a value. */
function newsOf({ dedupeKey: _dedupeKey, revision: _revision, at: _at, delayed: _delayed, ...news }: ClipAlert): string {
  return JSON.stringify(Object.entries(news).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
