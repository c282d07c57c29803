import { createPipelineActivities, createVlmActivities } from '../activities/index.ts';
import type { Storage } from '../src/plugins/spec/storage.ts';
import type { App } from '../src/runtime/app.ts';
import { loadAnalyzer, loadChannels, loadPolicy, loadStorage } from '../src/runtime/compose.ts';
import { createHouseholdClient } from '../src/runtime/household-client.ts';
import { createStateStore } from '../src/runtime/state-store.ts';
import { createAddToBacklog } from '../src/temporal/backlog-summaries.ts';
import { createPipelineWorker, createVlmWorker, type QueueConnection } from './queue-workers.ts';
import { runWorkers } from './run-workers.ts';
import { bundleWorkflowsApart } from './workflow-bundle.ts';

/** Workflows with their light activities, and the vision-language model on its own queue. Needs Temporal; waits for it. */
export async function runPipelineWorker(app: App): Promise<void> {
  const store = createStateStore(app);
  const client = createHouseholdClient(app);
  const [policy, storage] = [loadPolicy(app), loadStorage(app)];
  const addToBacklog = createAddToBacklog(client.get);
  const channels = new Map(loadChannels(app).map((channel) => [channel.name, channel]));
  const migrating = store.migrateWhenPossible();
  const bundling = bundleWorkflowsApart();
  try {
    await runWorkers(app, async (at) => [
      await createPipelineWorker(
        at,
        createPipelineActivities({ policy, channels, storage, repository: store, cameras: store.cameras, addToBacklog }),
        await bundling,
      ),
      ...(app.config.vlm.run_mode === 'never' ? [] : [await createVlm(app, at, storage)]),
    ]);
  } finally {
    await migrating;
    await Promise.all([...channels.values()].map(({ notifier }) => notifier.close()));
    await Promise.all([store.close(), client.close(), storage.close()]);
  }
}

function createVlm(app: App, at: QueueConnection, storage: Storage) {
  const deps = { storage, tempDir: app.folders.temp, analyzer: loadAnalyzer(app) };
  const activities = createVlmActivities({ ...deps, analyzerBackend: app.config.vlm.backend });
  return createVlmWorker(at, activities, app.config.concurrency.vlm_workers);
}
