import type { ClipId } from '../domain/ids.ts';
import { ok, type Result } from '../domain/result.ts';
import type { AnalysisRuns, StoredRun } from '../repository/analysis-runs.ts';
import type { RepositoryError } from '../repository/repository-error.ts';

const PAGE = 200;

/** Hands every run of a batch to `take`, newest recording first, page by page. */
export async function eachRun(
  runs: Pick<AnalysisRuns, 'list'>,
  batch: string,
  take: (run: StoredRun) => void | Promise<void>,
): Promise<Result<void, RepositoryError>> {
  let after: ClipId | undefined;
  do {
    const page = await runs.list(batch, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    if (!page.ok) return page;
    for (const run of page.value.runs) await take(run);
    after = page.value.next;
  } while (after !== undefined);
  return ok(undefined);
}
