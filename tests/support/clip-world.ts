import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection, type Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import {
  createGpuActivities,
  createHostActivities,
  createPipelineActivities,
  createVlmActivities,
} from '../../activities/index.ts';
import { createRecordEndedClips, createSetAsideClip } from '../../activities/reconcile-clips.ts';
import type { Alert, CameraAlert } from '../../src/domain/alert.ts';
import type { AlertDesk } from '../../src/domain/alert-desk.ts';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import type { CameraEvent } from '../../src/domain/camera-events.ts';
import type { Clip } from '../../src/domain/clip.ts';
import { type ClipState, foldClip } from '../../src/domain/clip-state.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { ClipEvent } from '../../src/domain/events.ts';
import { type ClipId, createClipId, workflowIdOf } from '../../src/domain/ids.ts';
import type { StoredClip } from '../../src/domain/known.ts';
import type { ClipPlan, ProcessClipInput, ProcessClipState } from '../../src/domain/process-clip.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure, type StageErrorCode } from '../../src/domain/stage-error.ts';
import { createLogger } from '../../src/kit/logger.ts';
import { createPace } from '../../src/kit/pace.ts';
import { createRightOfWay } from '../../src/kit/right-of-way.ts';
import { defaultPolicy } from '../../src/plugins/policies/default/index.ts';
import type { Notifier, OutgoingClipAlert } from '../../src/plugins/spec/notifier.ts';
import type { Policy } from '../../src/plugins/spec/policy.ts';
import { repositoryError } from '../../src/repository/repository-error.ts';
import { createAlertDesk } from '../../src/temporal/alert-desk.ts';
import { createAddToBacklog } from '../../src/temporal/backlog-summaries.ts';
import { createTemporalClient } from '../../src/temporal/client.ts';
import { createRecallRuns } from '../../src/temporal/clip-history.ts';
import { startClip } from '../../src/temporal/start-clip.ts';
import { createGpuWorker, createHostWorker, createPipelineWorker, createVlmWorker } from '../../workers/queue-workers.ts';
import { installTemporalRuntime } from '../../workers/temporal-runtime.ts';
import { bundleWorkflows } from '../../workers/workflow-bundle.ts';
import { createTestContext } from './plugin-context.ts';
import { stack } from './stack.ts';
import { waitUntil } from './wait-until.ts';
import { workflowBundle } from './workflow-bundle.ts';

/** What a plugin of the world answers: each call takes the next answer, the last one stays. */
export type Script<T> = (Result<T, PluginFailure> | Promise<Result<T, PluginFailure>>)[];

/** An answer that the test gives when it likes. */
export function held<T>(): {
  readonly answer: Promise<Result<T, PluginFailure>>;
  readonly give: (value: Result<T, PluginFailure>) => void;
} {
  const { promise, resolve } = Promise.withResolvers<Result<T, PluginFailure>>();
  return { answer: promise, give: resolve };
}

export interface Scripts {
  upload: Script<StoredClip>;
  filter: Script<FilterResult>;
  analyze: Script<AnalysisResult>;
  /** By channel. */
  notify: Record<string, Script<void>>;
  /** Real channels in the place of scripted ones. */
  notifiers: Record<string, Notifier>;
  /** What the host waits for before it releases a clip. */
  release: Promise<unknown> | undefined;
  /** What storage has of a clip whose local bytes are gone. */
  verify: Script<StoredClip | undefined>;
  policyFails: boolean;
  /** Settings of policy `default`. */
  policy: object;
  /** What storage has under keys of pictures. */
  pictures: Record<string, string>;
  /** Whether alert desks do not answer, or not when it comes to turns. */
  deskAway: boolean | 'for_turns';
  /** What the answer of a desk waits for that was asked whether a clip may alert. */
  deskAnswers: Promise<unknown> | undefined;
  /** Whether Postgres is away. */
  postgresAway: boolean;
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
export interface ClipWorld extends AsyncDisposable {
  readonly client: Client;
  readonly scripts: Scripts;
  readonly alerts: { readonly channel: string; readonly alert: OutgoingClipAlert }[];
  readonly cameraAlerts: { readonly channel: string; readonly alert: CameraAlert }[];
  readonly events: ClipEvent[];
  readonly cameraEvents: CameraEvent[];
  readonly released: { readonly clipId: string; readonly uploaded: boolean }[];
  /** What the host was asked to set aside, by clip id. */
  readonly setAside: Map<string, string>;
  readonly calls: { upload: number; filter: number; analyze: number; pictures: number; refusedWrites: number };
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
  const world = {
    client,
    scripts: defaultScripts(),
    alerts: [] as { channel: string; alert: OutgoingClipAlert }[],
    cameraAlerts: [] as { channel: string; alert: CameraAlert }[],
    events: [] as ClipEvent[],
    cameraEvents: [] as CameraEvent[],
    released: [] as { clipId: string; uploaded: boolean }[],
    setAside: new Map<string, string>(),
    calls: { upload: 0, filter: 0, analyze: 0, pictures: 0, refusedWrites: 0 },
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
      Object.assign(world.calls, { upload: 0, filter: 0, analyze: 0, pictures: 0, refusedWrites: 0 });
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

type OpenWorld = Pick<
  ClipWorld,
  'scripts' | 'events' | 'cameraEvents' | 'alerts' | 'cameraAlerts' | 'released' | 'setAside' | 'calls' | 'client'
>;

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

async function createWorkers(
  world: OpenWorld,
  at: { connection: NativeConnection; namespace: string; hostId: string; folder: string },
): Promise<Worker[]> {
  const { scripts, calls } = world;
  const storage = {
    put: () => next(scripts.upload, ++calls.upload),
    verify: () => next(scripts.verify, 1),
    get: () => Promise.resolve(failing('CLIP_NOT_STORED_YET')),
    delete: () => Promise.resolve(ok(undefined)),
    ping: () => Promise.resolve(ok(undefined)),
    close: () => Promise.resolve(),
  };
  const idle = { ping: () => Promise.resolve(ok(undefined)), close: () => Promise.resolve() };
  const bytes = { storage, copiesDir: at.folder };
  return Promise.all([
    createGpuWorker(
      at,
      createGpuActivities({
        ...bytes,
        filterBackend: 'scripted',
        filter: { detect: () => next(scripts.filter, ++calls.filter), ...idle },
      }),
      createRightOfWay(4),
    ),
    createVlmWorker(
      at,
      createVlmActivities({
        ...bytes,
        analyzerBackend: 'scripted',
        analyzer: { analyze: () => next(scripts.analyze, ++calls.analyze), ...idle },
      }),
      createRightOfWay(4),
    ),
    createHostWorker(
      at,
      {
        ...createHostActivities({
          storage,
          storageBackend: 'scripted',
          pace: createPace(undefined),
          release: async (clipId, { uploaded }) => {
            await scripts.release;
            world.released.push({ clipId, uploaded });
          },
          prune: () => undefined,
        }),
        setAsideClip: createSetAsideClip(async (clipId, { message }) => world.setAside.set(clipId, message)),
      },
      { id: at.hostId, uploads: 4 },
    ),
  ]);
}

type PipelineWorld = OpenWorld & { readonly sends: Record<string, number>; readonly folder: string };

function pipelineActivities({ scripts, sends, calls, client, folder, ...world }: PipelineWorld) {
  const notifier = (channel: string) => ({
    send: async (alert: Alert, signal: AbortSignal) => {
      const real = scripts.notifiers[channel];
      if (real !== undefined) return real.send(alert, signal);
      sends[channel] = (sends[channel] ?? 0) + 1;
      const answer = await next(scripts.notify[channel] ?? [ok(undefined)], sends[channel]);
      if (!answer.ok) return answer;
      if ('clipId' in alert) world.alerts.push({ channel, alert });
      else world.cameraAlerts.push({ channel, alert });
      return answer;
    },
    ping: () => Promise.resolve(ok(undefined)),
    close: () => Promise.resolve(),
  });
  const channels = new Map(['phone', 'mail'].map((name) => [name, { backend: 'scripted', notifier: notifier(name) }]));
  const policy: Policy = {
    decide: (facts) => {
      if (scripts.policyFails) throw new Error('a defect in the policy');
      return defaultPolicy.create(defaultPolicy.configSchema.parse(scripts.policy), createTestContext()).decide(facts);
    },
  };
  const appendTo =
    <Event>(events: Event[]) =>
    async (_whose: unknown, batch: readonly Event[]) => {
      if (scripts.postgresAway) {
        calls.refusedWrites += 1;
        return err(repositoryError('DB_UNAVAILABLE', 'Postgres is away'));
      }
      events.push(...batch);
      return ok(undefined);
    };
  const stateOf = (clipId: ClipId) => foldClip(world.events.filter((event) => event.clipId === clipId));
  const addToBacklog = createAddToBacklog(() => Promise.resolve(client), { quietMs: 300, limitMs: 5_000 });
  const ended = createRecordEndedClips({
    client: () => Promise.resolve(client),
    repository: () => ({ get: async (clipId) => ok(stateOf(clipId)), append: appendTo(world.events) }),
  });
  const activities = createPipelineActivities({
    ...{ policy, channels, addToBacklog },
    recallRuns: createRecallRuns(() => Promise.resolve(client)),
    storage: {
      viewUrl: async (key) => ok(`https://nas.example/${key}?token=secret`),
      get: async (key, path) => {
        calls.pictures += 1;
        const picture = scripts.pictures[key];
        if (picture === undefined) return failing('CLIP_NOT_STORED_YET');
        await writeFile(path, picture);
        return ok(undefined);
      },
    },
    copiesDir: folder,
    desk: scriptedDesk(
      scripts,
      createAlertDesk(() => Promise.resolve(client)),
    ),
    repository: { append: appendTo(world.events) },
    cameras: { append: appendTo(world.cameraEvents) },
  });
  return { ...activities, recordEndedClips: ended };
}

/** The real desks, as long as they are not away. */
function scriptedDesk(scripts: Scripts, desk: AlertDesk): AlertDesk {
  const unlessAway = <T>(call: () => Promise<T>): Promise<T> =>
    scripts.deskAway ? Promise.reject(new Error('the desk is away')) : call();
  const ask: AlertDesk['ask'] = async (request) => {
    const answer = await desk.ask(request);
    await scripts.deskAnswers;
    return answer;
  };
  return {
    ask: (request) => (scripts.deskAway === 'for_turns' ? ask(request) : unlessAway(() => ask(request))),
    takeTurn: (request) => unlessAway(() => desk.takeTurn(request)),
    endTurn: (end) => unlessAway(() => desk.endTurn(end)),
  };
}

function next<T>(script: Script<T>, call: number): Promise<Result<T, PluginFailure>> {
  const answer = script[Math.min(call, script.length) - 1];
  return answer === undefined ? Promise.resolve(failing('UNEXPECTED')) : Promise.resolve(answer);
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
