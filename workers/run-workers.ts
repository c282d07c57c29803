import { Runtime, type Worker } from '@temporalio/worker';
import { type App, endpointsOf } from '../src/runtime/app.ts';
import { connectWorker } from './connect.ts';
import type { QueueConnection } from './queue-workers.ts';
import { installTemporalRuntime } from './temporal-runtime.ts';

/** Waits for Temporal, runs the workers until the app stops, and lets what they have in hand finish. */
export async function runWorkers(app: App, create: (at: QueueConnection) => Promise<Worker[]>): Promise<void> {
  installTemporalRuntime(app.logger);
  const address = () => Promise.resolve(endpointsOf(app).temporalAddress);
  const connection = await connectWorker({ address, logger: app.logger, signal: app.signal });
  // The SDK's native part ends with its last connection; where there never was one, it would keep the process.
  if (connection === undefined) return Runtime.instance().shutdown();
  try {
    const workers = await create({ connection, namespace: app.config.temporal.namespace });
    const running = workers.map((worker) => worker.run());
    const stop = () => workers.forEach((worker) => worker.shutdown());
    if (app.signal.aborted) stop();
    app.signal.addEventListener('abort', stop, { once: true });
    app.logger.info({ queues: workers.map((worker) => worker.options.taskQueue) }, 'working');
    await Promise.all(running);
  } finally {
    await connection.close();
  }
}
