import type { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { createLogger } from '../../../src/kit/logger.ts';
import { createRightOfWay } from '../../../src/kit/right-of-way.ts';
import { createTelemetryRelay } from '../../../src/kit/telemetry-relay.ts';
import { createBuiltinRegistry } from '../../../src/plugins/builtin.ts';
import { type App, foldersOf } from '../../../src/runtime/app.ts';
import { createGpuWorker, createVlmWorker, type QueueConnection } from '../../../workers/queue-workers.ts';
import { runWorkers } from '../../../workers/run-workers.ts';
import { createConfigFolder, SHORTEST_CONFIG } from '../../support/config-file.ts';
import { stack } from '../../support/stack.ts';
import { valueOf } from '../../support/value-of.ts';

let home: Awaited<ReturnType<typeof createConfigFolder>>;
let app: App;
beforeAll(async () => {
  home = await createConfigFolder();
  const file = await home.write(
    'homesec.yaml',
    `${SHORTEST_CONFIG}temporal: { address: "${stack.temporalAddress}", namespace: ${await stack.createNamespace()} }
`,
  );
  const { config, registry } = valueOf(await loadConfig(file, createBuiltinRegistry()));
  const logger = createLogger({ level: 'error' });
  const rest = { cameraNames: [], telemetry: createTelemetryRelay(), signal: new AbortController().signal };
  app = { config, registry, folders: foldersOf(config), logger, ...rest };
});
afterAll(() => home[Symbol.asyncDispose]());

const activities = { nothing: () => Promise.resolve() };

/** A worker that comes to an end of its own, as when its thread dies. */
function endingOf(worker: Worker): Worker {
  const run = worker.run.bind(worker);
  worker.run = async () => {
    const running = run();
    worker.shutdown();
    await running;
    throw new Error('the thread has died');
  };
  return worker;
}

it('workers of a process end together, and it says why', async () => {
  // Given two, of which one ends by itself
  const made: Worker[] = [];
  const keep = (worker: Worker): Worker => {
    made.push(worker);
    return worker;
  };
  const create = (at: QueueConnection) => [
    createVlmWorker(at, activities, createRightOfWay(1)).then(keep),
    createGpuWorker(at, activities, createRightOfWay(1)).then(keep).then(endingOf),
  ];
  // When
  const running = runWorkers(app, { name: 'worker pipeline', create });
  // Then
  await expect(running).rejects.toThrow('the thread has died');
  expect(made.map((worker) => worker.getState())).toEqual(['STOPPED', 'STOPPED']);
});

it('one that cannot be made leaves none of the others behind', async () => {
  // Given
  const made: Worker[] = [];
  const create = (at: QueueConnection) => [
    createVlmWorker(at, activities, createRightOfWay(1)).then((worker) => {
      made.push(worker);
      return worker;
    }),
    Promise.reject<Worker>(new Error('the server went away')),
  ];
  // When
  const running = runWorkers(app, { name: 'worker pipeline', create });
  // Then
  await expect(running).rejects.toThrow('the server went away');
  expect(made.map((worker) => worker.getState())).toEqual(['STOPPED']);
});
