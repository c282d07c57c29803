import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createBackfillRecords } from '../../activities/backfill-records.ts';
import { createBackfillGpuActivities, createBackfillVlmActivities, createDecideAgain } from '../../activities/backfill-stages.ts';
import type { Alert } from '../../src/domain/alert.ts';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { BackfillPlan } from '../../src/domain/backfill.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { ClipEvent, NewClipEvent } from '../../src/domain/events.ts';
import type { ClipId } from '../../src/domain/ids.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../src/domain/stage-error.ts';
import { createLogger } from '../../src/kit/logger.ts';
import { defaultPolicy } from '../../src/plugins/policies/default/index.ts';
import type { PluginLoadProblem } from '../../src/plugins/registry.ts';
import type { Analyzer } from '../../src/plugins/spec/analyzer.ts';
import type { Filter } from '../../src/plugins/spec/filter.ts';
import type { Policy } from '../../src/plugins/spec/policy.ts';
import { createVariants } from '../../src/plugins/variants.ts';
import { type AnalysisRuns, createAnalysisRuns, type StoredRun } from '../../src/repository/analysis-runs.ts';
import { type ClipRepository, createClipRepository } from '../../src/repository/clip-repository.ts';
import { startBackfill } from '../../src/temporal/backfill.ts';
import { createTemporalClient } from '../../src/temporal/client.ts';
import { createGpuWorker, createPipelineWorker, createVlmWorker } from '../../workers/queue-workers.ts';
import { installTemporalRuntime } from '../../workers/temporal-runtime.ts';
import { bundleWorkflows } from '../../workers/workflow-bundle.ts';
import { openClipDatabase } from './clip-database.ts';
import { ANALYSIS_RESULT, createStory, FILTER_RESULT, NEW_EVENTS } from './clip-story.ts';
import { createTestContext } from './plugin-context.ts';
import { stack } from './stack.ts';
import { valueOf } from './value-of.ts';

/** Clips on one page of a backfill here. */
export const PAGE_CLIPS = 3;

/** What the stages answer, by clip. */
export interface BackfillScripts {
  detect: (cameraName: string, config: object) => Promise<Result<FilterResult, PluginFailure>>;
  describe: (clipId: ClipId, config: object) => Promise<Result<AnalysisResult, PluginFailure>>;
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
  readonly alerts: Alert[];
  readonly dsn: string;
  /** Where copies of fetched bytes lie while they are needed. */
  readonly copiesDir: string;
  reset(): void;
  /** A clip that was processed and is over; its bytes are in storage alone. */
  newClip(cameraName: string, happened?: readonly NewClipEvent[]): Promise<ClipId>;
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
  const world = { client, clips, runs, scripts: defaultScripts(), alerts: [] as Alert[], dsn: database.dsn, copiesDir };
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
      const story = createStory({ cameraName });
      const storageKey = `clips/${story.clipId}.mp4`;
      const sha256 = createHash('sha256').update(storageKey).digest('hex');
      const recorded = { ...story.recorded(), storageKey, sha256, sizeBytes: storageKey.length } as ClipEvent;
      valueOf(await clips.append(story.clipId, [recorded, ...happened.map(story.emit)]));
      return story.clipId;
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
  const filters = createVariants<Filter, PluginLoadProblem>({ model: 'configured' }, (config) =>
    ok({ detect: ({ cameraName }: { cameraName: string }) => scripts.detect(cameraName, config), ...idle }),
  );
  const analyzers = createVariants<Analyzer, PluginLoadProblem>({ model: 'configured' }, (config) =>
    ok({ analyze: ({ clipId }: { clipId: ClipId }) => scripts.describe(clipId, config), ...idle }),
  );
  const policies = createVariants<Policy, PluginLoadProblem>({}, (config) =>
    ok(defaultPolicy.create(defaultPolicy.configSchema.parse(config), context)),
  );
  const pipeline = {
    ...createBackfillRecords(() => (scripts.postgresAway ? undefined : { clips, runs }), PAGE_CLIPS),
    decideAgain: createDecideAgain(policies),
    // Of the alert only that it goes out belongs to a backfill.
    sendNotification: async ({ alert }: { readonly alert: Alert }) => {
      alerts.push(alert);
      return ok({ dedupeKey: alert.dedupeKey, revision: alert.revision });
    },
  };
  return Promise.all([
    createPipelineWorker(at, pipeline, await bundleWorkflows(context.logger)),
    createGpuWorker(at, createBackfillGpuActivities({ ...bytes, filters, filterBackend: 'scripted' }), 4),
    createVlmWorker(at, createBackfillVlmActivities({ ...bytes, analyzers, analyzerBackend: 'scripted' }), 4),
  ]);
}
