import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { BackfillPlan, BackfillProgress } from '../src/domain/backfill.ts';
import { backfillWorkflowIdOf, MAX_CONCURRENCY } from '../src/domain/backfill.ts';
import type { BackfillActivities } from '../src/domain/backfill-activities.ts';
import { type ClipId, createClipId } from '../src/domain/ids.ts';
import { createLogger } from '../src/kit/logger.ts';
import { backfillProgress, startBackfill } from '../src/temporal/backfill.ts';
import { createTemporalClient } from '../src/temporal/client.ts';
import { setupTemporal } from '../src/temporal/setup.ts';
import { createPipelineWorker } from '../workers/queue-workers.ts';
import { installTemporalRuntime } from '../workers/temporal-runtime.ts';
import { bundleWorkflowsApart } from '../workers/workflow-bundle.ts';
import type { backfillAnalysis } from '../workflows/backfill-analysis.ts';
import { type BenchHousehold, openBenchHousehold } from './bench-household.ts';
import { cutClip, FILTER_CONFIG, type FilterBenchFiles, installModel } from './filter.ts';

/** What backfills cost, and what new clips notice of them. */
export interface BackfillBench {
  /** With plugins that answer at once. */
  readonly trivial: SharedPipeline;
  /** With YOLOX-nano, which looks at every picture of ten seconds. */
  readonly detector?: SharedPipeline;
  /** A long one whose stages are stubs. */
  readonly long: LongBackfill;
  readonly load: number;
}

/** A pipeline that serves new clips and a backfill of old ones, two at once. */
export interface SharedPipeline {
  /** A new clip, from its file to `done` in Postgres: alone, and while the backfill runs. */
  readonly alone: Latency;
  readonly beside: Latency;
  /** Of the backfill, beside the new clips. */
  readonly clipsPerSecond: number;
}

interface Latency {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

interface LongBackfill {
  readonly clips: number;
  readonly clipsPerSecond: number;
  /** Runs of the workflow, one for each page, and the smallest and largest history among the full ones. */
  readonly pages: number;
  readonly historyEvents: readonly [least: number, most: number];
  readonly historyBytes: readonly [least: number, most: number];
}

const PLAN: BackfillPlan = {
  selection: {},
  overrides: { filter: {}, vlm: {}, policy: {} },
  runMode: 'trigger_only',
  triggerClasses: ['person'],
  maxAttempts: 3,
  backoffMs: 100,
  maxErrors: 10,
  budget: { promptPrice: 0, completionPrice: 0 },
  channels: [],
};

/** @param files left out: the detector is not measured. */
export async function benchBackfill(files: FilterBenchFiles | undefined, longClips = 1_000): Promise<BackfillBench> {
  await using house = await openBenchHousehold();
  const trivial = await benchShared(house, { oldClips: 200, newClips: 30 });
  const long = await benchLongBackfill(house.temporalAddress(), longClips);
  const detector = files === undefined ? {} : { detector: await benchBesideDetector(files) };
  return { trivial, ...detector, long, load: loadavg()[0] ?? 0 };
}

async function benchBesideDetector({ footage, model }: FilterBenchFiles): Promise<SharedPipeline> {
  const dir = await mkdtemp(join(tmpdir(), 'homesec-bench-'));
  try {
    await using house = await openBenchHousehold({
      clip: await readFile(await cutClip(footage, dir)),
      config: {
        // The bytes of an old clip come back from there.
        storage: { backend: 'local', config: { root: './stored' } },
        filter: { backend: 'yolo', config: FILTER_CONFIG },
        // Its defaults, one clip at a time in the detector.
        concurrency: {},
      },
      prepare: (dataDir) => installModel(model, join(dataDir, 'models')),
    });
    return await benchShared(house, { oldClips: 10, newClips: 15 });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function benchShared(
  house: BenchHousehold,
  { oldClips, newClips }: { readonly oldClips: number; readonly newClips: number },
): Promise<SharedPipeline> {
  const client = createTemporalClient({ address: house.temporalAddress(), namespace: 'homesec' });
  let recorded = 0;
  const record = async (count: number): Promise<void> => {
    recorded += count;
    for (let clip = 0; clip < count; clip += 1) await house.record();
    await house.done(recorded);
  };
  const latency = async (): Promise<Latency> => {
    const tookMs: number[] = [];
    for (let clip = 0; clip < newClips; clip += 1) {
      const startedAt = performance.now();
      await record(1);
      tookMs.push(performance.now() - startedAt);
    }
    return { p50Ms: percentile(tookMs, 0.5), p95Ms: percentile(tookMs, 0.95) };
  };
  await record(oldClips);
  const alone = await latency();

  // One over the old clips after the other, so that one runs as long as new clips come.
  let [finished, runs, isOver] = [0, 0, false];
  const startedAt = performance.now();
  const backfilling = (async () => {
    while (!isOver) {
      const batch = `beside-${(runs += 1)}`;
      await startBackfill(client, { batch, plan: PLAN, concurrency: 2 });
      const end = await client.workflow.getHandle<typeof backfillAnalysis>(backfillWorkflowIdOf(batch)).result();
      finished += finishedOf(end);
    }
  })();
  const beside = await latency();
  isOver = true;
  await backfilling;
  const clipsPerSecond = (finished * 1_000) / (performance.now() - startedAt);
  await client.connection.close();
  return { alone, beside, clipsPerSecond };
}

const finishedOf = ({ counts }: BackfillProgress): number => counts.done + counts.skipped + counts.failed;

/** Real server and workflows in a namespace of its own; Postgres and plugins answer at once. */
async function benchLongBackfill(address: string, clips: number): Promise<LongBackfill> {
  const namespace = `long-${randomUUID().slice(0, 8)}`;
  const prepared = await setupTemporal(address, { namespace });
  if (!prepared.ok) throw new Error(prepared.error.message);
  installTemporalRuntime(createLogger({ level: 'error' }));
  const client = createTemporalClient({ address, namespace });
  const connection = await NativeConnection.connect({ address, grpcCompression: { codec: 'none' } });
  const worker = await createPipelineWorker({ connection, namespace }, stubs(clips), await bundleWorkflowsApart());
  const running = worker.run();
  const startedAt = performance.now();
  const plan = { ...PLAN, overrides: { policy: {} } };
  await startBackfill(client, { batch: 'long', plan, concurrency: MAX_CONCURRENCY });
  for (let progress: BackfillProgress | undefined; progress?.state !== 'done'; await delay(1_000)) {
    progress = await backfillProgress(client, 'long');
  }
  const clipsPerSecond = (clips * 1_000) / (performance.now() - startedAt);
  const pages: { readonly events: number; readonly bytes: number }[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${backfillWorkflowIdOf('long')}'` })) {
    const { historyLength, historySize } = await client.workflow.getHandle(backfillWorkflowIdOf('long'), runId).describe();
    pages.push({ events: historyLength, bytes: historySize ?? 0 });
  }
  worker.shutdown();
  await running;
  await connection.close();
  await client.connection.close();
  const range = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;
  const historyEvents = range(pages.map(({ events }) => events));
  const historyBytes = range(pages.map(({ bytes }) => bytes));
  return { clips, clipsPerSecond, pages: pages.length, historyEvents, historyBytes };
}

const PAGE_CLIPS = 100;
const STUB_CAMERA = 'Bench';
const STUB_START = Date.parse('2026-01-01T00:00:00.000Z');

const stubId = (index: number): ClipId =>
  createClipId(new Date(STUB_START + index * 60_000).toISOString(), STUB_CAMERA, String(index).padStart(12, '0'));

function stubs(clips: number): Omit<BackfillActivities, 'detectAgain' | 'describeAgain'> {
  const at = new Date(STUB_START).toISOString();
  const facts = { cameraName: STUB_CAMERA, hostId: 'bench', recordedStartAt: at, recordedEndAt: at, durationMs: 1, sealedAt: at };
  const file = { sourceBackend: 'bench', sizeBytes: 1, sha256: '', storageKey: 'clips/bench.mp4', path: '/nowhere' };
  return {
    listClipsToAnalyze: async ({ cursor = '0' }) => {
      const from = Number(cursor);
      const to = Math.min(clips, from + PAGE_CLIPS);
      const clipIds = Array.from({ length: to - from }, (_none, index) => stubId(from + index));
      return { clipIds, ...(to < clips ? { nextCursor: String(to) } : {}) };
    },
    countClipsToAnalyze: async () => clips,
    readClipBefore: async (clipId) => ({ clip: { clipId, ...facts, ...file }, findings: {}, told: false }),
    decideAgain: async () => ({ result: { notify: false, notifyReason: 'bench' }, configHash: '0'.repeat(16) }),
    recordAnalysisRun: async () => undefined,
  };
}

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;
