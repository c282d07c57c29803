import { writeFile } from 'node:fs/promises';
import type { Client } from '@temporalio/client';
import type { NativeConnection, Worker } from '@temporalio/worker';
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
import { foldClip } from '../../src/domain/clip-state.ts';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { ClipEvent } from '../../src/domain/events.ts';
import type { ClipId } from '../../src/domain/ids.ts';
import type { StoredClip } from '../../src/domain/known.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../src/domain/stage-error.ts';
import { createPace } from '../../src/kit/pace.ts';
import { createRightOfWay } from '../../src/kit/right-of-way.ts';
import { defaultPolicy } from '../../src/plugins/policies/default/index.ts';
import type { Notifier, OutgoingClipAlert } from '../../src/plugins/spec/notifier.ts';
import type { Policy } from '../../src/plugins/spec/policy.ts';
import { repositoryError } from '../../src/repository/repository-error.ts';
import { createAlertDesk } from '../../src/temporal/alert-desk.ts';
import { createAddToBacklog } from '../../src/temporal/backlog-summaries.ts';
import { createRecallRuns } from '../../src/temporal/clip-history.ts';
import { createGpuWorker, createHostWorker, createVlmWorker } from '../../workers/queue-workers.ts';
import { createTestContext } from './plugin-context.ts';

/** What a plugin of the world answers: each call takes the next answer, the last one stays. */
type Script<T> = (Result<T, PluginFailure> | Promise<Result<T, PluginFailure>>)[];

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

/** What lies behind the plugins of a world, and what its workers have done with it. */
export interface ScriptedWorld {
  readonly client: Client;
  readonly scripts: Scripts;
  readonly alerts: { readonly channel: string; readonly alert: OutgoingClipAlert }[];
  readonly cameraAlerts: { readonly channel: string; readonly alert: CameraAlert }[];
  readonly events: ClipEvent[];
  readonly cameraEvents: CameraEvent[];
  readonly released: { readonly clipId: string; readonly uploaded: boolean }[];
  /** What the host was asked to set aside, by clip id. */
  readonly setAside: Map<string, string>;
  readonly calls: Record<'upload' | 'filter' | 'analyze' | 'decide' | 'askDesk' | 'pictures' | 'refusedWrites', number>;
}

const notStoredYet = err(pluginFailure('CLIP_NOT_STORED_YET', 'the world stores no bytes'));

/** Those of detector, model and host. They do not run yet. */
export async function createWorkers(
  world: ScriptedWorld,
  at: { connection: NativeConnection; namespace: string; hostId: string; folder: string },
): Promise<Worker[]> {
  const { scripts, calls } = world;
  const storage = {
    put: () => next(scripts.upload, ++calls.upload),
    verify: () => next(scripts.verify, 1),
    get: () => Promise.resolve(notStoredYet),
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

type PipelineWorld = ScriptedWorld & { readonly sends: Record<string, number>; readonly folder: string };

/** What the pipeline worker does. */
export function pipelineActivities({ scripts, sends, calls, client, folder, ...world }: PipelineWorld) {
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
      calls.decide += 1;
      if (scripts.policyFails) throw new Error('a defect in the policy');
      return defaultPolicy.create(defaultPolicy.configSchema.parse(scripts.policy), createTestContext()).decide(facts);
    },
  };
  /** Each event once, as the repository has it: after a reset what was being written is written again. */
  const appendTo =
    <Event extends { readonly id: string }>(events: Event[]) =>
    async (_whose: unknown, batch: readonly Event[]) => {
      if (scripts.postgresAway) {
        calls.refusedWrites += 1;
        return err(repositoryError('DB_UNAVAILABLE', 'Postgres is away'));
      }
      events.push(...batch.filter(({ id }) => events.every((known) => known.id !== id)));
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
        if (picture === undefined) return notStoredYet;
        await writeFile(path, picture);
        return ok(undefined);
      },
    },
    copiesDir: folder,
    desk: scriptedDesk(
      { scripts, calls },
      createAlertDesk(() => Promise.resolve(client)),
    ),
    repository: { append: appendTo(world.events) },
    cameras: { append: appendTo(world.cameraEvents) },
  });
  return { ...activities, recordEndedClips: ended };
}

/** The real desks, as long as they are not away. */
function scriptedDesk({ scripts, calls }: Pick<ScriptedWorld, 'scripts' | 'calls'>, desk: AlertDesk): AlertDesk {
  const unlessAway = <T>(call: () => Promise<T>): Promise<T> =>
    scripts.deskAway ? Promise.reject(new Error('the desk is away')) : call();
  const ask: AlertDesk['ask'] = async (request) => {
    const answer = await desk.ask(request);
    calls.askDesk += 1;
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
  return answer === undefined
    ? Promise.resolve(err(pluginFailure('UNEXPECTED', 'a script without answers')))
    : Promise.resolve(answer);
}
