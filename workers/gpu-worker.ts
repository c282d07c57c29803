import { createBackfillGpuActivities } from '../activities/backfill-stages.ts';
import { createGpuActivities } from '../activities/index.ts';
import type { Result } from '../src/domain/result.ts';
import { createRightOfWay } from '../src/kit/right-of-way.ts';
import type { App } from '../src/runtime/app.ts';
import { clipFetcherOf } from '../src/runtime/clip-links.ts';
import { createFilterVariants, loadFilter } from '../src/runtime/compose.ts';
import { openCopiesFolder } from '../src/runtime/copies-folder.ts';
import { openStorage } from '../src/runtime/late-plugins.ts';
import { createGpuWorker, type QueueConnection } from './queue-workers.ts';
import { runWorkers, type WorkerRefusal } from './run-workers.ts';

/** The object detector on its own queue and process: a crash in native code takes nothing else along. */
export async function runGpuWorker(app: App): Promise<Result<void, WorkerRefusal>> {
  const { filter: chosen, concurrency } = app.config;
  const [filter, storage] = await Promise.all([loadFilter(app), openStorage(app)]);
  await using copies = await openCopiesFolder(app);
  const bytes = { storage, copiesDir: copies.dir, ...clipFetcherOf(app) };
  const [filters, filterBackend] = [createFilterVariants(app), chosen.backend];
  const rightOfWay = createRightOfWay(concurrency.filter_workers, app.signal);
  const activities = {
    ...createGpuActivities({ filter, filterBackend, ...bytes }),
    ...createBackfillGpuActivities({ filters, filterBackend, rightOfWay, ...bytes }),
  };
  try {
    const create = (at: QueueConnection) => [createGpuWorker(at, activities, rightOfWay)];
    return await runWorkers(app, { name: 'worker gpu', create, look: async () => storage.findings() });
  } finally {
    await Promise.all([filter.close(), filters.close(), storage.close()]);
  }
}
