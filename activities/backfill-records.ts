import type { BackfillActivities } from '../src/domain/backfill-activities.ts';
import { type ClipStatus, clipOf } from '../src/domain/clip-state.ts';
import type { Result } from '../src/domain/result.ts';
import type { AnalysisRuns } from '../src/repository/analysis-runs.ts';
import type { ClipRepository } from '../src/repository/clip-repository.ts';
import { type RepositoryError, repositoryError } from '../src/repository/repository-error.ts';
import { raise } from './record-events.ts';

export interface BackfillRecordsDeps {
  readonly clips: Pick<ClipRepository, 'get'>;
  readonly runs: Pick<AnalysisRuns, 'countClips' | 'nextClips' | 'hasTold' | 'record'>;
}

/** Clips in one run of the workflow: some 900 events of history. */
const PAGE_CLIPS = 100;

const UNDER_WAY: ReadonlySet<ClipStatus> = new Set(['queued_local', 'uploaded', 'analyzed']);

/**
 * What a backfill reads and writes in Postgres. Postgres away is a failure that the server retries for ever.
 * @param find asked anew for each call: undefined while nobody knows where Postgres is.
 */
export function createBackfillRecords(find: () => BackfillRecordsDeps | undefined, pageClips = PAGE_CLIPS) {
  const deps = (): BackfillRecordsDeps =>
    find() ?? raise(repositoryError('DB_UNAVAILABLE', 'nobody knows yet where Postgres is'));
  return {
    listClipsToAnalyze: async ({ selection, cursor }) => {
      const request = { limit: pageClips, ...(cursor === undefined ? {} : { cursor }) };
      return valueOf(await deps().runs.nextClips(selection, request));
    },
    countClipsToAnalyze: async (selection) => valueOf(await deps().runs.countClips(selection)),
    readClipBefore: async (clipId) => {
      const { clips, runs } = deps();
      const found = await clips.get(clipId);
      if (!found.ok && found.error.code === 'ROW_UNREADABLE') return undefined;
      const state = valueOf(found);
      if (state === undefined || state.status === 'deleted') return undefined;
      const { filterResult, analysisResult, vlmSkipReason, alertDecision, storageUri, deliveries } = state;
      return {
        clip: clipOf(state),
        findings: {
          ...(filterResult === undefined ? {} : { filterResult }),
          ...(analysisResult === undefined ? {} : { analysisResult }),
          ...(vlmSkipReason === undefined ? {} : { vlmSkipReason }),
          ...(alertDecision === undefined ? {} : { decision: alertDecision }),
        },
        ...(storageUri === undefined ? {} : { storageUri }),
        told:
          UNDER_WAY.has(state.status) ||
          deliveries.some(({ status }) => status === 'sent') ||
          valueOf(await runs.hasTold(clipId)),
      };
    },
    recordAnalysisRun: async (run) => valueOf(await deps().runs.record(run)),
  } satisfies Partial<BackfillActivities>;
}

const valueOf = <T>(result: Result<T, RepositoryError>): T => (result.ok ? result.value : raise(result.error));
