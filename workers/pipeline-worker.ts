import { createPipelineActivities, createVlmActivities } from '../activities/index.ts';
import type { App } from '../src/runtime/app.ts';
import { loadAnalyzer, loadChannels, loadPolicy, loadStorage } from '../src/runtime/compose.ts';
import { createHouseholdClient } from '../src/runtime/household-client.ts';
import { createStateStore } from '../src/runtime/state-store.ts';
import { createAddToBacklog } from '../src/temporal/backlog-summaries.ts';
import { createPipelineWorker, createVlmWorker } from './queue-workers.ts';
import { runWorkers } from './run-workers.ts';
import { bundleWorkflowsApart } from './workflow-bundle.ts';

/** Workflows with their light activities, and the vision-language model on its own queue. Needs Temporal; waits for it. */
export async function runPipelineWorker(app: App): Promise<void> {
  const store = createStateStore(app);
  const client = createHouseholdClient(app);
  const policy = loadPolicy(app);
  const addToBacklog = createAddToBacklog(client.get);
  const channels = new Map(loadChannels(app).map((channel) => [channel.name, channel]));
  const migrating = store.migrateWhenPossible();
  const bundling = bundleWorkflowsApart();
  try {
    await runWorkers(app, async (at) => [
      await createPipelineWorker(
        at,
        createPipelineActivities({ policy, channels, repository: store, cameras: store.cameras, addToBacklog }),
        await bundling,
      ),
      ...(app.config.vlm.run_mode === 'never' ? [] : [await createVlm(app, at)]),
    ]);
  } finally {
    await migrating;
    await Promise.all([...channels.values()].map(({ notifier }) => notifier.close()));
    await Promise.all([store.close(), client.close()]);
  }
}

function createVlm(app: App, at: Parameters<typeof createVlmWorker>[0]) {
  const deps = { storage: loadStorage(app), tempDir: app.folders.temp, analyzer: loadAnalyzer(app) };
  const activities = createVlmActivities({ ...deps, analyzerBackend: app.config.vlm.backend });
  return createVlmWorker(at, activities, app.config.concurrency.vlm_workers);
}
