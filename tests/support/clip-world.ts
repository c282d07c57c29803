import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection, type Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { Clip } from '../../src/domain/clip.ts';
import { type ClipState, foldClip } from '../../src/domain/clip-state.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { ClipEvent } from '../../src/domain/events.ts';
import { createClipId, workflowIdOf } from '../../src/domain/ids.ts';
import type { StoredClip } from '../../src/domain/known.ts';
import type { ClipPlan, ProcessClipInput, ProcessClipState } from '../../src/domain/process-clip.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure, type StageErrorCode } from '../../src/domain/stage-error.ts';
import { createLogger } from '../../src/kit/logger.ts';
import { createTemporalClient } from '../../src/temporal/client.ts';
import { startClip } from '../../src/temporal/start-clip.ts';
import { createPipelineWorker } from '../../workers/queue-workers.ts';
import { installTemporalRuntime } from '../../workers/temporal-runtime.ts';
import { bundleWorkflows } from '../../workers/workflow-bundle.ts';
import { createTestContext } from './plugin-context.ts';
import { createWorkers, pipelineActivities, type ScriptedWorld, type Scripts } from './scripted-workers.ts';
import { stack } from './stack.ts';
import { waitUntil } from './wait-until.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** An answer that the test gives when it likes. */
export function held<T>(): {
  readonly answer: Promise<Result<T, PluginFailure>>;
  readonly give: (value: Result<T, PluginFailure>) => void;
} {
  const { promise, resolve } = Promise.withResolvers<Result<T, PluginFailure>>();
  return { answer: promise, give: resolve };
}

export const failing = (code: StageErrorCode): Result<never, PluginFailure> => err(pluginFailure(code, `scripted ${code}`));

export const STORED: StoredClip = { storageUri: 'memory:clip' };
export const SAW_PERSON: FilterResult = {
  detectedClasses: ['person'],
  confidence: 0.9,
  model: 'scripted',
  modelSha256: '0'.repeat(64),
  sampledFrames: 4,
  detections: [{ className: 'person', confidence: 0.9, box: { x: 0.1, y: 0.1, width: 0.2, height: 0.5 }, atMs: 500 }],
};
export const SAW_NOTHING: FilterResult = { ...SAW_PERSON, detectedClasses: [], confidence: 0, detections: [] };
export const PROWLER: AnalysisResult = {
  riskLevel: 'high',
  activityType: 'suspicious_behavior',
  summary: 'Someone tries the door.',
  model: 'scripted',
  promptVersion: 'test',
};

export const PLAN: ClipPlan = {
  runMode: 'trigger_only',
  triggerClasses: ['person'],
  alertDeadlineMs: 60_000,
  channels: ['phone'],
  parkForMs: 600_000,
  maxAttempts: 2,
  backoffMs: 10,
};

/**
 * All workers of a household on a real Temporal server, with real activities; only what lies behind the plugins
 * (storage, detector, model, channels) and Postgres is scripted, so that a test can make it fail at will.
 */
export interface ClipWorld extends ScriptedWorld, AsyncDisposable {
  /** The worker of workflows and the activities beside them. */
  readonly pipeline: {
    readonly stop: () => Promise<void>;
    /** @param bundle other workflows than today's. */
    readonly start: (bundle?: WorkflowBundleWithSourceMap) => Promise<void>;
  };
  /** Back to answers under which everything works, and to empty records. */
  reset(): void;
  newClip(changes?: Partial<Clip>): Promise<Clip>;
  start(clip: Clip, plan?: Partial<ClipPlan>): Promise<void>;
  eventTypes(clip: Clip): string[];
  /** All events of the clip, folded. */
  stateOf(clip: Pick<Clip, 'clipId'>): ClipState | undefined;
  /** Waits for an event of the clip. */
  seen(clip: Clip, eventType: ClipEvent['eventType'], count?: number): Promise<void>;
}

/** @param converting how payloads are kept; left out: as plain JSON. */
export async function openClipWorld(converting: { readonly dataConverter?: DataConverter } = {}): Promise<ClipWorld> {
  const temporal = { address: stack.temporalAddress, namespace: await stack.createNamespace(), ...converting };
  const folder = await mkdtemp(join(tmpdir(), 'homesec-world-'));
  const hostId = randomUUID();
  const client = createTemporalClient(temporal);
  installTemporalRuntime(createLogger({ level: 'error' }));
  const world: ScriptedWorld = {
    client,
    scripts: defaultScripts(),
    alerts: [],
    cameraAlerts: [],
    events: [],
    cameraEvents: [],
    released: [],
    setAside: new Map(),
    calls: noCalls(),
  };
  const sends: Record<string, number> = {};
  const connection = await NativeConnection.connect({ address: temporal.address, grpcCompression: { codec: 'none' } });
  const at = { connection, namespace: temporal.namespace, hostId, folder, ...converting };
  const workers = await createWorkers(world, at);
  const running = workers.map((worker) => worker.run());
  const { failureConverterPath } = converting.dataConverter ?? {};
  const today = await (failureConverterPath === undefined
    ? workflowBundle()
    : bundleWorkflows(createTestContext().logger, failureConverterPath));
  const pipeline = createPipeline((bundle = today) =>
    createPipelineWorker(at, pipelineActivities({ ...world, sends, folder }), bundle),
  );
  await pipeline.start();
  const eventsOf = ({ clipId }: Pick<Clip, 'clipId'>) => world.events.filter((event) => event.clipId === clipId);

  return {
    ...world,
    pipeline,
    reset: () => {
      Object.assign(world.scripts, defaultScripts());
      Object.assign(world.calls, noCalls());
      for (const key of Object.keys(sends)) delete sends[key];
      for (const list of [world.alerts, world.cameraAlerts, world.events, world.cameraEvents, world.released]) list.length = 0;
    },
    newClip: (changes) => createClip(folder, hostId, changes),
    start: async (clip, plan) => {
      const input: ProcessClipInput = { clip, plan: { ...PLAN, ...plan }, generation: 1 };
      const started = await startClip(client, input);
      if (!started.ok) throw new Error(started.error.message, { cause: started.error.cause });
    },
    eventTypes: (clip) => eventsOf(clip).map((event) => event.eventType),
    stateOf: ({ clipId }) => foldClip(eventsOf({ clipId })),
    seen: (clip, eventType, count = 1) =>
      waitUntil(
        `${eventType} of ${clip.clipId}`,
        () => eventsOf(clip).filter((event) => event.eventType === eventType).length >= count,
      ),
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.shutdown();
      await Promise.all([pipeline.stop(), ...running]);
      await connection.close();
      await client.connection.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const noCalls = () => ({ upload: 0, filter: 0, analyze: 0, decide: 0, askDesk: 0, pictures: 0, refusedWrites: 0 });

const defaultScripts = (): Scripts => ({
  upload: [ok(STORED)],
  filter: [ok(SAW_PERSON)],
  analyze: [ok(PROWLER)],
  notify: { phone: [ok(undefined)] },
  notifiers: {},
  release: undefined,
  verify: [ok(STORED)],
  policyFails: false,
  policy: {},
  pictures: {},
  deskAway: false,
  deskAnswers: undefined,
  postgresAway: false,
});

function createPipeline(create: (bundle?: WorkflowBundleWithSourceMap) => Promise<Worker>): ClipWorld['pipeline'] {
  let open: { readonly worker: Worker; readonly running: Promise<void> } | undefined;
  return {
    start: async (bundle) => {
      const worker = await create(bundle);
      open = { worker, running: worker.run() };
    },
    stop: async () => {
      open?.worker.shutdown();
      await open?.running;
      open = undefined;
    },
  };
}

async function createClip(folder: string, hostId: string, changes: Partial<Clip> = {}): Promise<Clip> {
  const identity = randomUUID().replaceAll('-', '');
  const now = new Date();
  const recordedStartAt = new Date(now.getTime() - 2000).toISOString();
  const clipId = createClipId(recordedStartAt, 'Front door', identity);
  const bytes = Buffer.from(`bytes of ${clipId}`);
  const path = join(folder, `${clipId}.mp4`);
  await writeFile(path, bytes);
  return {
    clipId,
    cameraName: 'Front door',
    hostId,
    recordedStartAt,
    recordedEndAt: now.toISOString(),
    durationMs: 2000,
    sealedAt: now.toISOString(),
    sourceBackend: 'test',
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    path,
    storageKey: `clips/front-door/${clipId}.mp4`,
    ...changes,
  };
}

export const handleOf = (world: ClipWorld, clip: Clip) => world.client.workflow.getHandle(workflowIdOf(clip.clipId));

/** What the clip's workflow itself says. */
export const queriedState = (world: ClipWorld, clip: Clip) => handleOf(world, clip).query<ProcessClipState>('state');
