import { createHash, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { BackfillActivities } from '../../../src/domain/backfill-activities.ts';
import type { Clip } from '../../../src/domain/clip.ts';
import { clipOf, foldClip } from '../../../src/domain/clip-state.ts';
import { GPU_QUEUE, VLM_QUEUE } from '../../../src/domain/process-clip.ts';
import { err, ok } from '../../../src/domain/result.ts';
import { pluginFailure } from '../../../src/domain/stage-error.ts';
import { createRightOfWay } from '../../../src/kit/right-of-way.ts';
import type { App } from '../../../src/runtime/app.ts';
import { createTemporalClient } from '../../../src/temporal/client.ts';
import { runGpuWorker } from '../../../workers/gpu-worker.ts';
import { runPipelineWorker } from '../../../workers/pipeline-worker.ts';
import { createGpuWorker, createVlmWorker, type QueueConnection } from '../../../workers/queue-workers.ts';
import { runWorkers } from '../../../workers/run-workers.ts';
import { createStory } from '../../support/clip-story.ts';
import { SMALL_PLUGINS } from '../../support/config-file.ts';
import { createSmallApp } from '../../support/small-app.ts';
import { stack } from '../../support/stack.ts';
import { waitUntil } from '../../support/wait-until.ts';

let namespace: string;
let client: Client;
// Each test its own: what one worker gave back is not for another's.
beforeEach(async () => {
  namespace = await stack.createNamespace();
  client = createTemporalClient({ address: stack.temporalAddress, namespace });
});
afterEach(() => client.connection.close());

/** A stage without the workflow that would ask for it. Of so long a heartbeat timeout the SDK would pass on a beat once a minute. */
const start = (stage: keyof BackfillActivities, taskQueue: string, ...args: readonly object[]) =>
  client.activity.start(stage, { id: randomUUID(), taskQueue, args, startToCloseTimeout: '10m', heartbeatTimeout: '10m' });

/** Work on a clip that lasts for as long as the test likes. */
function createWork() {
  const [begun, over] = [Promise.withResolvers<AbortSignal>(), Promise.withResolvers<void>()];
  const work = async ({ signal }: { readonly signal: AbortSignal }) => {
    begun.resolve(signal);
    await over.promise;
    return err(pluginFailure('CLIP_UNREADABLE', 'no video'));
  };
  return { work, begun: begun.promise, end: over.resolve };
}

/** A household with one place for each stage, whose detector and model work so. */
async function openHousehold(work: ReturnType<typeof createWork>['work']) {
  const idle = { ping: async () => ok(undefined), close: async () => undefined };
  const plugins = SMALL_PLUGINS.map((plugin): (typeof SMALL_PLUGINS)[number] => {
    if (plugin.kind === 'filter') return { ...plugin, create: () => ({ detect: work, ...idle }) };
    if (plugin.kind === 'analyzer') return { ...plugin, create: () => ({ analyze: work, ...idle }) };
    return plugin;
  });
  const stopping = new AbortController();
  const app = await createSmallApp(
    plugins,
    (config) => ({
      ...config,
      temporal: { address: stack.temporalAddress, namespace },
      notifiers: [],
      concurrency: { ...config.concurrency, filter_workers: 1, vlm_workers: 1 },
    }),
    stopping.signal,
  );
  onTestFinished(() => app[Symbol.asyncDispose]());
  return { app, stop: () => stopping.abort() };
}

/** A clip whose bytes are on this machine. */
async function createClip(app: App): Promise<Clip> {
  const state = foldClip([createStory().recorded()]);
  if (state === undefined) throw new Error('a recorded clip has a state');
  const [path, bytes] = [join(app.folders.data, 'clip.mp4'), Buffer.from('a clip')];
  await mkdir(app.folders.data);
  await writeFile(path, bytes);
  return { ...clipOf(state), path, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

describe('an old clip that waits for its place', () => {
  it.each([
    { name: 'worker gpu', run: runGpuWorker, stage: 'detectAgain', queue: GPU_QUEUE },
    { name: 'worker pipeline', run: runPipelineWorker, stage: 'describeAgain', queue: VLM_QUEUE },
  ] as const)('is given back as soon as $name is to stop, and holds up nothing', async ({ run, stage, queue }) => {
    // Given a worker whose only place another one has
    const inHand = createWork();
    const { app, stop } = await openHousehold(inHand.work);
    const clip = await createClip(app);
    const working = run(app);
    onTestFinished(async () => {
      stop();
      inHand.end();
      await working;
    });
    await start(stage, queue, { clip, override: {} });
    const signal = await inHand.begun;
    const waiting = await start(stage, queue, { clip, override: {} });
    await waitUntil('it is in the worker', async () => (await waiting.describe()).runState === 'STARTED');
    // When
    stop();
    // Then it is to be tried again elsewhere, while the other may still come to its end here
    await waitUntil('it is given back', async () => (await waiting.describe()).attempt > 1);
    const given = await (await waiting.describe({ includeLastFailure: true })).getLastFailure();
    expect(given).toMatchObject({ type: 'WorkerShutdown', message: expect.stringContaining('had no place') });
    expect(signal.aborted).toBe(false);
    // And the worker ends with the other
    inHand.end();
    expect(await working).toEqual(ok(undefined));
  });

  it('hears soon that it is called off, however rarely the server wants a sign of life', async () => {
    // Given stages that say all the time that they live, and were heard once
    const { app, stop } = await openHousehold(createWork().work);
    const stage = async () => {
      const context = Context.current();
      const beating = setInterval(() => context.heartbeat(), 50);
      await context.cancelled.finally(() => clearInterval(beating));
    };
    const create = (at: QueueConnection) => [
      createGpuWorker(at, { detectAgain: stage }, createRightOfWay(1)),
      createVlmWorker(at, { describeAgain: stage }, createRightOfWay(1)),
    ];
    const working = runWorkers(app, { name: 'worker gpu', create });
    onTestFinished(async () => {
      stop();
      await working;
    });
    const waiting = await Promise.all([start('detectAgain', GPU_QUEUE), start('describeAgain', VLM_QUEUE)]);
    const all = async (is: (clip: Awaited<ReturnType<(typeof waiting)[0]['describe']>>) => boolean) =>
      (await Promise.all(waiting.map((clip) => clip.describe()))).every(is);
    await waitUntil('they are heard', () => all(({ lastHeartbeatTime }) => lastHeartbeatTime !== undefined));
    // When
    await Promise.all(waiting.map((clip) => clip.cancel('called off')));
    // Then
    await waitUntil('they have ended', () => all(({ status }) => status === 'CANCELED'));
  });
});
