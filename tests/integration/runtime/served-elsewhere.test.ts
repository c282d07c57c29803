import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { GPU_QUEUE, VLM_QUEUE } from '../../../src/domain/process-clip.ts';
import { createLogger } from '../../../src/kit/logger.ts';
import { createRightOfWay } from '../../../src/kit/right-of-way.ts';
import type { App } from '../../../src/runtime/app.ts';
import { checkUp } from '../../../src/runtime/checkup.ts';
import { pollersOf } from '../../../src/temporal/queue-pollers.ts';
import { createGpuWorker, createVlmWorker } from '../../../workers/queue-workers.ts';
import { installTemporalRuntime } from '../../../workers/temporal-runtime.ts';
import { SMALL_PLUGINS } from '../../support/config-file.ts';
import { createSmallApp } from '../../support/small-app.ts';
import { stack } from '../../support/stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

const QUEUES = [GPU_QUEUE, VLM_QUEUE];
const ELSEWHERE = '4242@gpu-box';
const FAULT = { state: 'bad', message: 'made for tests of the configuration' };

let connection: Connection;
let namespace: string;
beforeAll(async () => {
  connection = await Connection.connect({ address: stack.temporalAddress });
});
beforeEach(async () => {
  namespace = await stack.createNamespace();
});
afterAll(() => connection.close());

/** A machine whose detector and model cannot be used. */
async function openMachine(address = stack.temporalAddress): Promise<App> {
  const app = await createSmallApp(SMALL_PLUGINS, (config) => ({ ...config, temporal: { address, namespace } }));
  onTestFinished(() => app[Symbol.asyncDispose]());
  return app;
}

/** What the doctor says there of the two. */
async function examine(app: App) {
  const findings = await checkUp(app);
  return ['detector', 'vision-language model'].map((name) => findings.find(({ what }) => what === name));
}

const seen = (identity: RegExp) =>
  waitUntil(`${identity} is seen`, async () => {
    const asking = await Promise.all(
      QUEUES.map((taskQueue) => pollersOf(connection, { namespace, taskQueue, type: 'activity' })),
    );
    return asking.every((pollers) => pollers.some((poller) => identity.test(poller)));
  });

/** Asks for the work of both queues, as workers of another machine do. */
async function askElsewhere(): Promise<void> {
  const ending = new AbortController();
  const poll = (name: string) =>
    connection.workflowService.pollActivityTaskQueue({ namespace, taskQueue: { name }, identity: ELSEWHERE });
  const polls = QUEUES.map((name) =>
    connection.withDeadline(Date.now() + 60_000, () => connection.withAbortSignal(ending.signal, () => poll(name))),
  );
  onTestFinished(async () => {
    ending.abort();
    await Promise.allSettled(polls);
  });
  await seen(/^4242@gpu-box$/);
}

async function startWorkersHere(): Promise<void> {
  installTemporalRuntime(createLogger({ level: 'error' }));
  const native = await NativeConnection.connect({ address: stack.temporalAddress });
  const activities = { nothing: () => Promise.resolve() };
  const workers = await Promise.all(
    [createGpuWorker, createVlmWorker].map((create) =>
      create({ connection: native, namespace }, activities, createRightOfWay(1)),
    ),
  );
  const running = workers.map((worker) => worker.run());
  onTestFinished(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await native.close();
  });
  await seen(new RegExp(`^${process.pid}@`));
}

describe('what cannot be used on this machine', () => {
  it('is no fault where another serves its queue, and the doctor says which', async () => {
    // Given
    const app = await openMachine();
    await askElsewhere();
    // When
    const findings = await examine(app);
    // Then
    expect(findings).toMatchObject(
      QUEUES.map((queue) => ({
        state: 'attention',
        message: `not usable on this machine: ${FAULT.message}; queue ${queue} is served by ${ELSEWHERE}`,
        fix: expect.stringContaining('on that machine'),
      })),
    );
  });

  it('is one where nobody serves the queue', async () => {
    // Given
    const app = await openMachine();
    // When
    const findings = await examine(app);
    // Then
    expect(findings).toMatchObject([FAULT, FAULT]);
  });

  it('is one where workers of this very machine take clips as well, which they cannot look at', async () => {
    // Given
    const app = await openMachine();
    await askElsewhere();
    await startWorkersHere();
    // When
    const findings = await examine(app);
    // Then
    expect(findings).toMatchObject([FAULT, FAULT]);
  });

  it('is one where Temporal does not answer', async () => {
    // Given
    const app = await openMachine('127.0.0.1:1');
    // When
    const findings = await examine(app);
    // Then
    expect(findings).toMatchObject([FAULT, FAULT]);
  });
});
