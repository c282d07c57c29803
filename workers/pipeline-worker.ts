import { createBackfillRecords } from '../activities/backfill-records.ts';
import { createBackfillVlmActivities, createDecideAgain } from '../activities/backfill-stages.ts';
import type { ClipBytesDeps } from '../activities/clip-bytes.ts';
import { createPipelineActivities, createVlmActivities } from '../activities/index.ts';
import { createAnalysisRuns } from '../src/repository/analysis-runs.ts';
import { createClipRepository } from '../src/repository/clip-repository.ts';
import type { App } from '../src/runtime/app.ts';
import { clipFetcherOf } from '../src/runtime/clip-links.ts';
import { createAnalyzerVariants, createPolicyVariants, loadAnalyzer, loadChannels, loadPolicy, loadStorage } from '../src/runtime/compose.ts';
import { openCopiesFolder } from '../src/runtime/copies-folder.ts';
import { createHouseholdClient } from '../src/runtime/household-client.ts';
import { createStateStore, type StateStore } from '../src/runtime/state-store.ts';
import { createAddToBacklog } from '../src/temporal/backlog-summaries.ts';
import { createRecallRuns } from '../src/temporal/clip-history.ts';
import { createPipelineWorker, createVlmWorker, type QueueConnection } from './queue-workers.ts';
import { runWorkers } from './run-workers.ts';
import { bundleWorkflowsApart } from './workflow-bundle.ts';

/** Workflows with their light activities, and the vision-language model on its own queue. Needs Temporal; waits for it. */
export async function runPipelineWorker(app: App): Promise<void> {
  await using copies = await openCopiesFolder(app);
  const store = createStateStore(app);
  const client = createHouseholdClient(app);
  const [policy, storage] = [loadPolicy(app), loadStorage(app)];
  const addToBacklog = createAddToBacklog(client.get);
  const recallRuns = createRecallRuns(client.get);
  const channels = new Map(loadChannels(app).map((channel) => [channel.name, channel]));
  const migrating = store.migrateWhenPossible();
  const bundling = bundleWorkflowsApart();
  try {
    await runWorkers(app, async (at) => [
      await createPipelineWorker(
        at,
        {
          ...createPipelineActivities({
            policy,
            channels,
            storage,
            repository: store,
            cameras: store.cameras,
            addToBacklog,
            recallRuns,
          }),
          ...createBackfillRecords(() => backfillStoreOf(store)),
          decideAgain: createDecideAgain(createPolicyVariants(app)),
        },
        await bundling,
      ),
      ...(app.config.vlm.run_mode === 'never' ? [] : [await createVlm(app, at, { storage, copiesDir: copies.dir })]),
    ]);
  } finally {
    await migrating;
    await Promise.all([...channels.values()].map(({ notifier }) => notifier.close()));
    await Promise.all([store.close(), client.close(), storage.close()]);
  }
}

function createVlm(app: App, at: QueueConnection, bytes: ClipBytesDeps) {
  const deps = { ...bytes, ...clipFetcherOf(app), analyzerBackend: app.config.vlm.backend };
  const activities = {
    ...createVlmActivities({ ...deps, analyzer: loadAnalyzer(app) }),
    ...createBackfillVlmActivities({ ...deps, analyzers: createAnalyzerVariants(app) }),
  };
  return createVlmWorker(at, activities, app.config.concurrency.vlm_workers);
}

function backfillStoreOf(store: StateStore) {
  const pool = store.pool();
  return pool === undefined ? undefined : { clips: createClipRepository(pool), runs: createAnalysisRuns(pool) };
}
