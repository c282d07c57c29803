import type { AnalyzeDeps } from '../activities/analyze-clip.ts';
import { createBackfillRecords } from '../activities/backfill-records.ts';
import { createBackfillVlmActivities, createDecideAgain } from '../activities/backfill-stages.ts';
import { createBackupActivities } from '../activities/dump-postgres.ts';
import { createPipelineActivities, createVlmActivities } from '../activities/index.ts';
import { createRecordEndedClips } from '../activities/reconcile-clips.ts';
import type { Result } from '../src/domain/result.ts';
import { noWorseThanAttention } from '../src/kit/findings.ts';
import { createRightOfWay } from '../src/kit/right-of-way.ts';
import { createAnalysisRuns } from '../src/repository/analysis-runs.ts';
import { createClipRepository } from '../src/repository/clip-repository.ts';
import type { App } from '../src/runtime/app.ts';
import { backUpAndLog } from '../src/runtime/backup.ts';
import { checkPostgres } from '../src/runtime/checkup.ts';
import { clipFetcherOf } from '../src/runtime/clip-links.ts';
import { createAnalyzerVariants, createPolicyVariants } from '../src/runtime/compose.ts';
import { openCopiesFolder } from '../src/runtime/copies-folder.ts';
import { createHouseholdClient } from '../src/runtime/household-client.ts';
import { openAnalyzer, openChannels, openPolicy, openStorage } from '../src/runtime/late-plugins.ts';
import { ensureSchedules } from '../src/runtime/schedules.ts';
import { createStateStore, type StateStore } from '../src/runtime/state-store.ts';
import { failureConverterPathOf } from '../src/runtime/temporal-access.ts';
import { createAlertDesk } from '../src/temporal/alert-desk.ts';
import { createAddToBacklog } from '../src/temporal/backlog-summaries.ts';
import { createRecallRuns } from '../src/temporal/clip-history.ts';
import { createPipelineWorker, createVlmWorker, type QueueConnection } from './queue-workers.ts';
import { runWorkers, type WorkerRefusal } from './run-workers.ts';
import { bundleWorkflowsApart } from './workflow-bundle.ts';

/** Workflows with their light activities, and the vision-language model on its own queue. Needs Temporal; waits for it. */
export async function runPipelineWorker(household: App): Promise<Result<void, WorkerRefusal>> {
  const ending = new AbortController();
  const app = { ...household, signal: AbortSignal.any([household.signal, ending.signal]) };
  await using copies = await openCopiesFolder(app);
  const store = createStateStore(app);
  const client = createHouseholdClient(app);
  const plugins = await openPlugins(app);
  const addToBacklog = createAddToBacklog(client.get);
  const desk = createAlertDesk(client.get);
  const recallRuns = createRecallRuns(client.get);
  const preparing = [store.migrateWhenPossible(), ensureSchedules(app, client)];
  const bundling = bundleWorkflowsApart(failureConverterPathOf(app.config));
  try {
    const activities = {
      ...createPipelineActivities({
        ...plugins,
        copiesDir: copies.dir,
        desk,
        repository: store,
        cameras: store.cameras,
        addToBacklog,
        recallRuns,
      }),
      ...createBackfillRecords(() => backfillStoreOf(store)),
      ...createBackupActivities((keepCount, call) => backUpAndLog(app, keepCount, call)),
      recordEndedClips: createRecordEndedClips({ client: client.get, repository: () => backfillStoreOf(store)?.clips }),
      decideAgain: createDecideAgain(createPolicyVariants(app)),
    };
    const { analyzer, storage } = plugins;
    const create = (at: QueueConnection) => [
      bundling.then((bundle) => createPipelineWorker(at, activities, bundle)),
      ...(analyzer === undefined ? [] : [createVlm(app, at, { analyzer, storage, copiesDir: copies.dir })]),
    ];
    // Clips go on without it, so it is never a reason to be taken for broken.
    const look = async () => [noWorseThanAttention(await checkPostgres(app, { connectTimeoutMs: 2_000 })), ...plugins.findings()];
    return await runWorkers(app, { name: 'worker pipeline', create, look });
  } finally {
    // What runs beside the workers ends with them, however they end.
    ending.abort();
    await Promise.all(preparing);
    await Promise.all([plugins.close(), store.close(), client.close()]);
  }
}

/** None of them keeps clips from going on by what it cannot do. */
async function openPlugins(app: App) {
  const [policy, storage, channels, analyzer] = await Promise.all([
    openPolicy(app),
    openStorage(app),
    openChannels(app),
    app.config.vlm.run_mode === 'never' ? undefined : openAnalyzer(app),
  ]);
  const all = [policy, storage, ...[...channels.values()].map(({ notifier }) => notifier), ...(analyzer ? [analyzer] : [])];
  return {
    ...{ policy, storage, channels, analyzer },
    findings: () => all.flatMap((plugin) => plugin.findings()),
    close: async () => void (await Promise.all(all.map((plugin) => plugin.close()))),
  };
}

function createVlm(app: App, at: QueueConnection, given: Omit<AnalyzeDeps, 'analyzerBackend'>) {
  const deps = { ...given, ...clipFetcherOf(app), analyzerBackend: app.config.vlm.backend };
  const rightOfWay = createRightOfWay(app.config.concurrency.vlm_workers, app.signal);
  const activities = {
    ...createVlmActivities(deps),
    ...createBackfillVlmActivities({ ...deps, analyzers: createAnalyzerVariants(app), rightOfWay }),
  };
  return createVlmWorker(at, activities, rightOfWay);
}

function backfillStoreOf(store: StateStore) {
  const pool = store.pool();
  return pool === undefined ? undefined : { clips: createClipRepository(pool), runs: createAnalysisRuns(pool) };
}
