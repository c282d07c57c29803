import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { stageInterceptor } from '../activities/stage-interceptor.ts';
import { createStageObserver } from '../activities/stage-observer.ts';
import { GPU_QUEUE, hostQueue, PIPELINE_QUEUE, VLM_QUEUE } from '../src/domain/process-clip.ts';
import type { StageOutcome } from '../src/health/stage-metrics.ts';
import type { RightOfWay } from '../src/kit/right-of-way.ts';
import { stageTuner } from './stage-slots.ts';

/** Where a worker polls. */
export interface QueueConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Left out: payloads are plain JSON. */
  readonly dataConverter?: DataConverter;
  /** Told how each attempt of each activity ends. */
  readonly stageEnded?: (outcome: StageOutcome) => void;
}

const POLLERS = { type: 'autoscaling', minimum: 1, initial: 2, maximum: 10 } as const;

const shared = ({ connection, namespace, dataConverter, stageEnded }: QueueConnection) =>
  ({
    connection,
    namespace,
    ...(dataConverter === undefined ? {} : { dataConverter }),
    interceptors: { activity: [...(stageEnded === undefined ? [] : [createStageObserver(stageEnded)]), stageInterceptor] },
    activityTaskPollerBehavior: POLLERS,
    // A stage in hand may finish; what is not done by then is given back and tried again elsewhere.
    shutdownGraceTime: '20s',
    shutdownForceTime: '30s',
  }) satisfies Partial<WorkerOptions>;

/** Workflows, and the quick activities beside them. */
export function createPipelineWorker(
  at: QueueConnection,
  activities: object,
  workflowBundle: WorkflowBundleWithSourceMap,
): Promise<Worker> {
  return Worker.create({
    ...shared(at),
    taskQueue: PIPELINE_QUEUE,
    activities,
    workflowBundle,
    workflowTaskPollerBehavior: POLLERS,
    maxConcurrentActivityTaskExecutions: 20,
    maxConcurrentWorkflowTaskExecutions: 20,
    // About 100 KiB each; the SDK's own guess follows the heap limit and would allow thousands.
    maxCachedWorkflows: 400,
  });
}

/** The model server sets the pace. */
export const createVlmWorker = (at: QueueConnection, activities: object, rightOfWay: RightOfWay): Promise<Worker> =>
  createStageWorker(at, { taskQueue: VLM_QUEUE, activities, rightOfWay });

export const createGpuWorker = (at: QueueConnection, activities: object, rightOfWay: RightOfWay): Promise<Worker> =>
  createStageWorker(at, { taskQueue: GPU_QUEUE, activities, rightOfWay });

interface StageQueue {
  readonly taskQueue: string;
  readonly activities: object;
  readonly rightOfWay: RightOfWay;
}

const createStageWorker = (at: QueueConnection, { rightOfWay, ...queue }: StageQueue): Promise<Worker> =>
  Worker.create({
    ...shared(at),
    ...queue,
    tuner: stageTuner(rightOfWay),
    // An old clip that waits hears with a heartbeat that it is called off; before, it might begin, and ask a model that costs.
    maxHeartbeatThrottleInterval: '5s',
  });

/** For the one host whose disk holds the bytes. */
export const createHostWorker = (
  at: QueueConnection,
  activities: object,
  host: { id: string; uploads: number },
): Promise<Worker> =>
  Worker.create({
    ...shared(at),
    taskQueue: hostQueue(host.id),
    activities,
    maxConcurrentActivityTaskExecutions: host.uploads,
  });
