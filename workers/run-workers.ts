import { Runtime, type Worker } from '@temporalio/worker';
import { err, ok, type Result } from '../src/domain/result.ts';
import type { App } from '../src/runtime/app.ts';
import { readEncryptionKeys, temporalAccessOf } from '../src/runtime/temporal-access.ts';
import { findMissingKeys } from '../src/temporal/missing-keys.ts';
import { connectWorker, type WorkerConnection } from './connect.ts';
import type { QueueConnection } from './queue-workers.ts';
import { installTemporalRuntime } from './temporal-runtime.ts';
import { openWorkerHealth, type WorkerHealth, type WorkerHealthPlan } from './worker-health.ts';

export interface WorkersPlan extends WorkerHealthPlan {
  readonly create: (at: QueueConnection) => readonly Promise<Worker>[];
}

/** A worker that would do harm, or nothing, as it is set up. */
export interface WorkerRefusal {
  readonly message: string;
}

/**
 * Waits for Temporal, runs the workers until the app stops, and lets what they have in hand finish. Fails without taking any
 * work where the settings for Temporal are wrong, or its clips could not be decrypted.
 */
export async function runWorkers(app: App, plan: WorkersPlan): Promise<Result<void, WorkerRefusal>> {
  await using health = await openWorkerHealth(app, plan);
  installTemporalRuntime(app.logger, health.sdkMetricsAddress);
  const { logger, signal } = app;
  const connected = await connectWorker({ access: () => temporalAccessOf(app), logger, signal, onWaiting: health.waiting });
  if (!connected.ok || connected.value === undefined) {
    // The SDK's native part ends with its last connection; where there never was one, it would keep the process.
    await Runtime.instance().shutdown();
    return connected.ok ? ok(undefined) : connected;
  }
  const { connection } = connected.value;
  try {
    const missing = await missingKeys(app, connected.value);
    if (missing.length > 0) return err({ message: refusalFor(missing) });
    await work(app, plan, connected.value, health);
    return ok(undefined);
  } finally {
    await connection.close();
  }
}

async function work(app: App, plan: WorkersPlan, { connection, access }: WorkerConnection, health: WorkerHealth): Promise<void> {
  const { namespace, dataConverter } = access;
  const converting = dataConverter === undefined ? {} : { dataConverter };
  const workers = await allCreated(plan.create({ connection, namespace, stageEnded: health.stageEnded, ...converting }));
  const stop = () => workers.forEach(shutDown);
  // One that ends takes the others along: with half of its workers a process looks alive, and nobody starts it again.
  const running = workers.map((worker) => worker.run().finally(stop));
  health.working(access, workers);
  if (app.signal.aborted) stop();
  app.signal.addEventListener('abort', stop, { once: true });
  app.logger.info({ queues: workers.map((worker) => worker.options.taskQueue) }, 'working');
  await allSettled(running);
}

/** All or none: one that is made and never runs would hold its connection, and with it the process, for ever. */
async function allCreated(creating: readonly Promise<Worker>[]): Promise<readonly Worker[]> {
  try {
    return await allSettled(creating);
  } catch (cause) {
    const made = (await Promise.allSettled(creating)).flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    await Promise.allSettled(made.map(runOut));
    throw cause;
  }
}

/** Rejects as the first of them did, once all have come to their end. */
async function allSettled<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function runOut(worker: Worker): Promise<void> {
  const ended = worker.run();
  shutDown(worker);
  return ended;
}

function shutDown(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

async function missingKeys(app: App, { connection, access }: WorkerConnection): Promise<readonly string[]> {
  const keys = readEncryptionKeys(app.config);
  const known = keys.ok ? keys.value.map(({ id }) => id) : [];
  return findMissingKeys(connection, access.namespace, known);
}

const refusalFor = (ids: readonly string[]): string =>
  `Temporal has clips that are encrypted with ${ids.length === 1 ? 'a key' : 'keys'} that this worker does not have (${ids.join(', ')}). ` +
  'Add what they were encrypted with to temporal.encryption.keys; until then the clips wait.';
