import { createGpuActivities } from '../activities/index.ts';
import type { App } from '../src/runtime/app.ts';
import { loadFilter, loadStorage } from '../src/runtime/compose.ts';
import { createGpuWorker } from './queue-workers.ts';
import { runWorkers } from './run-workers.ts';

/** The object detector on its own queue and process: a crash in native code takes nothing else along. */
export async function runGpuWorker(app: App): Promise<void> {
  const { filter: chosen, concurrency } = app.config;
  const [filter, storage] = [loadFilter(app), loadStorage(app)];
  const activities = createGpuActivities({ filter, filterBackend: chosen.backend, storage, tempDir: app.folders.temp });
  try {
    await runWorkers(app, async (at) => [await createGpuWorker(at, activities, concurrency.filter_workers)]);
  } finally {
    await Promise.all([filter.close(), storage.close()]);
  }
}
