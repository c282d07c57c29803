import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { NativeConnection } from '@temporalio/worker';
import { createBackfillRecords } from '../../activities/backfill-records.ts';
import { createBackfillGpuActivities, createBackfillVlmActivities, createDecideAgain } from '../../activities/backfill-stages.ts';
import { createGpuActivities } from '../../activities/index.ts';
import type { Alert } from '../../src/domain/alert.ts';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import { type BackfillPlan, backfillWorkflowIdOf } from '../../src/domain/backfill.ts';
import { clipOf, foldClip } from '../../src/domain/clip-state.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { ClipEvent, NewClipEvent } from '../../src/domain/events.ts';
import { type ClipId, workflowIdOf } from '../../src/domain/ids.ts';
import { type ClipPlan, GPU_QUEUE } from '../../src/domain/process-clip.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../src/domain/stage-error.ts';
import { createLogger } from '../../src/kit/logger.ts';
import { createRightOfWay } from '../../src/kit/right-of-way.ts';
import { defaultPolicy } from '../../src/plugins/policies/default/index.ts';
import type { Analyzer } from '../../src/plugins/spec/analyzer.ts';
import type { Filter, FilterRequest } from '../../src/plugins/spec/filter.ts';
import type { Policy } from '../../src/plugins/spec/policy.ts';
import { createVariants } from '../../src/plugins/variants.ts';
import { type AnalysisRuns, createAnalysisRuns, type StoredRun } from '../../src/repository/analysis-runs.ts';
import { type ClipRepository, createClipRepository } from '../../src/repository/clip-repository.ts';
import { startBackfill } from '../../src/temporal/backfill.ts';
import { createTemporalClient } from '../../src/temporal/client.ts';
import { startClip } from '../../src/temporal/start-clip.ts';
import { createGpuWorker, createPipelineWorker, createVlmWorker } from '../../workers/queue-workers.ts';
import { installTemporalRuntime } from '../../workers/temporal-runtime.ts';
import { openClipDatabase } from './clip-database.ts';
import { ANALYSIS_RESULT, type ClipStory, createStory, FILTER_RESULT, NEW_EVENTS } from './clip-story.ts';
import { createTestContext } from './plugin-context.ts';
import { stack } from './stack.ts';
import { valueOf } from './value-of.ts';
import { waitUntil } from './wait-until.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** Clips on one page of a backfill here. */
export const PAGE_CLIPS = 3;

const ACTIVITIES = proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY;

export const GPU_PLACES = 4;
const VLM_PLACES = 4;
/** Stands for the config of the filter where a clip is new. */
export const LIVE = {};

/** What the stages answer, by clip. */
export interface BackfillScripts {
  detect: (
    cameraName: string,
    config: object,
    giveWay?: FilterRequest['giveWay'],
  ) => Promise<Result<FilterResult, PluginFailure>>;
  describe: (clipId: ClipId, config: object) => Promise<Result<AnalysisResult, PluginFailure>>;
  /** Before a channel takes an alert. */
  notify: (channel: string) => Promise<void>;
  /** Storage has none of the bytes. */
  bytesGone: boolean;
  postgresAway: boolean;
}

/**
 * The workers that a backfill needs, on a real Temporal server and a real Postgres, with real activities; only what lies
 * behind the plugins is scripted.
 */
export interface BackfillWorld extends AsyncDisposable {
  readonly client: Client;
  readonly clips: ClipRepository;
  readonly runs: AnalysisRuns;
  readonly scripts: BackfillScripts;
  readonly alerts: (Alert & { readonly channel: string })[];
  readonly dsn: string;
  /** Where copies of fetched bytes lie while they are needed. */
  readonly copiesDir: string;
  reset(): void;
  /** A clip that was processed and is over; its bytes are in storage alone. */
  newClip(cameraName: string, happened?: readonly NewClipEvent[]): Promise<ClipId>;
  /** Makes the stored state of a clip unreadable. */
  spoilState(clipId: ClipId): Promise<void>;
  /** Hands over a new clip, for which there is a filter, but nothing else. That has been asked for, then. */
  startLive(cameraName: string): Promise<WorkflowHandle>;
  /** What waits in the queue of the filter, by priority. The server counts anew every few seconds. */
  gpuBacklog(): Promise<Readonly<Record<string, number>>>;
  resetToBeginning(batch: string): Promise<void>;
  /** @returns the name of the backfill. */
  start(plan: Partial<BackfillPlan>, concurrency?: number): Promise<string>;
  runsOf(batch: string): Promise<readonly StoredRun[]>;
}

export const PLAN: BackfillPlan = {
  selection: {},
  overrides: { policy: {} },
  runMode: 'trigger_only',
  triggerClasses: ['person'],
  maxAttempts: 1,
  backoffMs: 10,
  maxErrors: 10,
  budget: { promptPrice: 0, completionPrice: 0 },
  channels: [],
};

const LIVE_PLAN: ClipPlan = {
  ...{ runMode: 'never', triggerClasses: [], alertDeadlineMs: 600_000, channels: [] },
  ...{ parkForMs: 600_000, maxAttempts: 1, backoffMs: 10 },
};

export const CALM = { ...NEW_EVENTS.vlm_completed, riskLevel: 'low' } as NewClipEvent;
export const SILENT = { ...NEW_EVENTS.alert_decision_made, shouldNotify: false, reason: 'below_threshold' } as NewClipEvent;
/** A clip with a person in it, calm, of which nobody was told. */
const QUIET: readonly NewClipEvent[] = [
  NEW_EVENTS.upload_completed,
  NEW_EVENTS.filter_completed,
  CALM,
  SILENT,
  NEW_EVENTS.clip_done,
];

const defaultScripts = (): BackfillScripts => ({
  detect: async () => ok(FILTER_RESULT),
  describe: async () => ok(ANALYSIS_RESULT),
  notify: async () => undefined,
  bytesGone: false,
  postgresAway: false,
});

export async function openBackfillWorld(): Promise<BackfillWorld> {
  const database = await openClipDatabase();
  const [clips, runs] = [createClipRepository(database.pool), createAnalysisRuns(database.pool)];
  const temporal = { address: stack.temporalAddress, namespace: await stack.createNamespace() };
  const folder = await mkdtemp(join(tmpdir(), 'homesec-backfill-'));
  const copiesDir = join(folder, 'copies');
  await mkdir(copiesDir);
  const client = createTemporalClient(temporal);
  installTemporalRuntime(createLogger({ level: 'error' }));
  const world = {
    client,
    clips,
    runs,
    scripts: defaultScripts(),
    alerts: [] as BackfillWorld['alerts'],
    dsn: database.dsn,
    copiesDir,
  };
  const connection = await NativeConnection.connect({ address: temporal.address, grpcCompression: { codec: 'none' } });
  const workers = await createWorkers(world, { connection, namespace: temporal.namespace });
  const running = workers.map((worker) => worker.run());
  return {
    ...world,
    reset: () => {
      Object.assign(world.scripts, defaultScripts());
      world.alerts.length = 0;
    },
    newClip: async (cameraName, happened = QUIET) => {
      const { story, recorded } = recordedBy(cameraName);
      valueOf(await clips.append(story.clipId, [recorded, ...happened.map(story.emit)]));
      return story.clipId;
    },
    spoilState: async (clipId) => {
      await database.pool.query(`update clip_states set data = data - 'size_bytes' where clip_id = $1`, [clipId]);
    },
    startLive: async (cameraName) => {
      const state = foldClip([recordedBy(cameraName).recorded]);
      if (state === undefined) throw new Error('a recorded clip has a state');
      valueOf(await startClip(client, { clip: clipOf(state), plan: LIVE_PLAN, generation: 1 }));
      const handle = client.workflow.getHandle(workflowIdOf(state.clipId));
      await waitUntil('its filter is asked for', async () => {
        const { raw } = await handle.describe();
        return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'detectObjects') === true;
      });
      return handle;
    },
    gpuBacklog: async () => {
      const asked = {
        namespace: temporal.namespace,
        taskQueue: { name: GPU_QUEUE },
        taskQueueType: ACTIVITIES,
        reportStats: true,
      };
      const { statsByPriorityKey } = await client.workflowService.describeTaskQueue(asked);
      const counts = Object.entries(statsByPriorityKey).map(
        ([key, stats]) => [key, Number(stats.approximateBacklogCount)] as const,
      );
      return Object.fromEntries(counts.filter(([, count]) => count > 0));
    },
    resetToBeginning: async (batch) => {
      const handle = client.workflow.getHandle(backfillWorkflowIdOf(batch));
      const { events } = await handle.fetchHistory();
      const first = events?.find(({ workflowTaskCompletedEventAttributes: task }) => task)?.eventId;
      if (!first) throw new Error('no workflow task to reset to');
      await client.workflowService.resetWorkflowExecution({
        namespace: temporal.namespace,
        workflowExecution: { workflowId: handle.workflowId, runId: (await handle.describe()).runId },
        workflowTaskFinishEventId: first,
        reason: 'test',
        requestId: randomUUID(),
      });
    },
    start: async (plan, concurrency = 2) => {
      const batch = randomUUID().slice(0, 8);
      await startBackfill(client, { batch, plan: { ...PLAN, ...plan }, concurrency });
      return batch;
    },
    runsOf: async (batch) => valueOf(await runs.list(batch, { limit: 100 })).runs,
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await connection.close();
      await client.connection.close();
      await database[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A clip whose bytes are in storage alone. */
function recordedBy(cameraName: string): { readonly story: ClipStory; readonly recorded: ClipEvent } {
  const story = createStory({ cameraName });
  const storageKey = `clips/${story.clipId}.mp4`;
  const sha256 = createHash('sha256').update(storageKey).digest('hex');
  return { story, recorded: { ...story.recorded(), storageKey, sha256, sizeBytes: storageKey.length } as ClipEvent };
}

type OpenWorld = Pick<BackfillWorld, 'clips' | 'runs' | 'scripts' | 'alerts' | 'copiesDir'>;

async function createWorkers(
  { clips, runs, scripts, alerts, copiesDir }: OpenWorld,
  at: { readonly connection: NativeConnection; readonly namespace: string },
) {
  const idle = { ping: async () => ok(undefined), close: async () => undefined };
  const context = createTestContext();
  const storage = {
    put: async () => ok({ storageUri: 'memory:clip' }),
    verify: async () => ok(undefined),
    get: async (key: string, path: string) => {
      if (scripts.bytesGone) return err(pluginFailure('CLIP_NOT_STORED_YET', 'nothing there'));
      await writeFile(path, key);
      return ok(undefined);
    },
    delete: async () => ok(undefined),
    ...idle,
  };
  const bytes = { storage, copiesDir };
  const [gpu, vlm] = [createRightOfWay(GPU_PLACES), createRightOfWay(VLM_PLACES)];
  const filters = createVariants<Filter, PluginFailure>({ model: 'configured' }, async (config) =>
    ok<Filter>({ detect: ({ cameraName, giveWay }) => scripts.detect(cameraName, config, giveWay), ...idle }),
  );
  const live: Filter = { detect: ({ cameraName }) => scripts.detect(cameraName, LIVE), ...idle };
  const analyzers = createVariants<Analyzer, PluginFailure>({ model: 'configured' }, async (config) =>
    ok({ analyze: ({ clipId }: { clipId: ClipId }) => scripts.describe(clipId, config), ...idle }),
  );
  const policies = createVariants<Policy, PluginFailure>({}, async (config) => {
    const parsed = defaultPolicy.configSchema.safeParse(config);
    if (parsed.success) return ok(defaultPolicy.create(parsed.data, context));
    return err(pluginFailure('OVERRIDE_REFUSED', parsed.error.message));
  });
  const pipeline = {
    ...createBackfillRecords(() => (scripts.postgresAway ? undefined : { clips, runs }), PAGE_CLIPS),
    decideAgain: createDecideAgain(policies),
    recordEvents: async () => undefined,
    // Of the alert only that it goes out belongs to a backfill.
    sendNotification: async ({ alert, channel }: { readonly alert: Alert; readonly channel: string }) => {
      await scripts.notify(channel);
      alerts.push({ ...alert, channel });
      return ok({ dedupeKey: alert.dedupeKey, revision: alert.revision });
    },
  };
  return Promise.all([
    createPipelineWorker(at, pipeline, await workflowBundle()),
    createGpuWorker(
      at,
      {
        ...createBackfillGpuActivities({ ...bytes, filters, filterBackend: 'scripted', rightOfWay: gpu }),
        ...createGpuActivities({ ...bytes, filter: live, filterBackend: 'scripted' }),
      },
      gpu,
    ),
    createVlmWorker(at, createBackfillVlmActivities({ ...bytes, analyzers, analyzerBackend: 'scripted', rightOfWay: vlm }), vlm),
  ]);
}
