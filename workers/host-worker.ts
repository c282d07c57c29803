import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { createHostActivities } from '../activities/index.ts';
import { createSetAsideClip } from '../activities/reconcile-clips.ts';
import type { ClipId } from '../src/domain/ids.ts';
import type { Result } from '../src/domain/result.ts';
import { createHandoverMetrics } from '../src/health/handover-metrics.ts';
import { systemClock } from '../src/kit/clock.ts';
import { attention, good } from '../src/kit/findings.ts';
import { createPace } from '../src/kit/pace.ts';
import type { Finding } from '../src/plugins/spec/finding.ts';
import type { App } from '../src/runtime/app.ts';
import { followCameras } from '../src/runtime/camera-watch.ts';
import { serveClips } from '../src/runtime/clip-links.ts';
import { createClipStarter } from '../src/runtime/clip-starter.ts';
import { createHouseholdClient } from '../src/runtime/household-client.ts';
import { openStorage } from '../src/runtime/late-plugins.ts';
import { createHandover, type HandoverStatus } from '../src/spool/handover.ts';
import { type HandoverSpool, openSpool, type SpoolError } from '../src/spool/spool.ts';
import { createHostWorker, type QueueConnection } from './queue-workers.ts';
import { runWorkers, type WorkerRefusal } from './run-workers.ts';

/**
 * Hands sealed clips over to Temporal, does what needs their bytes (upload, release), and tells of cameras that come and go.
 * A child of the camera host. Fails where the spool cannot be used or another process hands its clips over.
 */
export async function runHostWorker(household: App): Promise<Result<void, SpoolError | WorkerRefusal>> {
  const ending = new AbortController();
  const app = { ...household, signal: AbortSignal.any([household.signal, ending.signal]) };
  const { logger, folders, config } = app;
  const opened = await openSpool({ dir: folders.spool, role: 'handover', clock: systemClock, logger });
  if (!opened.ok) return opened;
  const spool = opened.value;
  const storage = await openStorage(app);
  const client = createHouseholdClient(app);
  const handover = createHandover({ spool, startClip: createClipStarter(app, client), logger, clock: systemClock });
  const activities = {
    ...createHostActivities({
      storage,
      storageBackend: config.storage.backend,
      pace: createPace(config.storage.max_upload_mbps),
      release: (clipId: ClipId, outcome) => spool.release(clipId, outcome),
      prune: () => void makeRoom(app, spool),
    }),
    setAsideClip: createSetAsideClip((clipId, reason) => spool.refuse(clipId, reason)),
  };
  handover.start();
  const watching = [watchRoom(app, spool), followCameras(app, spool.hostId, client), serveClips(app, spool)];
  try {
    const host = { id: spool.hostId, uploads: config.concurrency.upload_workers };
    const create = (at: QueueConnection) => [createHostWorker(at, activities, host)];
    const look = async () => [...handoverFindings(handover.status()), ...storage.findings()];
    const addFigures = (registry: Registry) => {
      const update = createHandoverMetrics(registry);
      return () => update(handover.status());
    };
    return await runWorkers(app, { name: 'worker host', create, look, addFigures });
  } finally {
    // What runs beside the worker ends with it, however it ends.
    ending.abort();
    await Promise.all([handover.stop(), ...watching]);
    await Promise.all([storage.close(), client.close()]);
    await spool.close();
  }
}

function handoverFindings({ state, pendingCount, lastFailure }: HandoverStatus): Finding[] {
  const waiting = pendingCount === 1 ? '1 clip waits' : `${pendingCount} clips wait`;
  if (state !== 'unavailable') return [good('hand-over', pendingCount === 0 ? 'nothing waits' : waiting)];
  return [
    attention(
      'hand-over',
      `${waiting}: ${lastFailure?.message}`,
      'See that Temporal can be reached; clips are handed over by themselves.',
    ),
  ];
}

const LOOK_FOR_ROOM_EVERY_MS = 60_000;

/** Others fill the disk as well, so room is looked for also while no clip is released. */
async function watchRoom(app: App, spool: HandoverSpool): Promise<void> {
  while (!app.signal.aborted) {
    await makeRoom(app, spool);
    await delay(LOOK_FOR_ROOM_EVERY_MS, undefined, { signal: app.signal }).catch(() => undefined);
  }
}

async function makeRoom({ config: { retention }, logger }: App, spool: HandoverSpool): Promise<void> {
  try {
    await spool.prune(retention.max_local_size_bytes, retention.min_free_bytes);
  } catch (error) {
    logger.error({ error: String(error) }, 'cannot make room in the spool');
  }
}
