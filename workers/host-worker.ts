import { setTimeout as delay } from 'node:timers/promises';
import { createHostActivities } from '../activities/index.ts';
import type { ClipId } from '../src/domain/ids.ts';
import { ok, type Result } from '../src/domain/result.ts';
import { systemClock } from '../src/kit/clock.ts';
import { createPace } from '../src/kit/pace.ts';
import type { App } from '../src/runtime/app.ts';
import { followCameras } from '../src/runtime/camera-watch.ts';
import { serveClips } from '../src/runtime/clip-links.ts';
import { createClipStarter } from '../src/runtime/clip-starter.ts';
import { loadStorage } from '../src/runtime/compose.ts';
import { createHouseholdClient } from '../src/runtime/household-client.ts';
import { createHandover } from '../src/spool/handover.ts';
import { type HandoverSpool, openSpool, type SpoolError } from '../src/spool/spool.ts';
import { createHostWorker } from './queue-workers.ts';
import { runWorkers } from './run-workers.ts';

/**
 * Hands sealed clips over to Temporal, does what needs their bytes (upload, release), and tells of cameras that come and go.
 * A child of the camera host. Fails where the spool cannot be used or another process hands its clips over.
 */
export async function runHostWorker(app: App): Promise<Result<void, SpoolError>> {
  const { logger, folders, config } = app;
  const opened = await openSpool({ dir: folders.spool, role: 'handover', clock: systemClock, logger });
  if (!opened.ok) return opened;
  const spool = opened.value;
  const storage = loadStorage(app);
  const client = createHouseholdClient(app);
  const handover = createHandover({ spool, startClip: createClipStarter(app, client), logger, clock: systemClock });
  const activities = createHostActivities({
    storage,
    storageBackend: config.storage.backend,
    pace: createPace(config.storage.max_upload_mbps),
    release: (clipId: ClipId, outcome) => spool.release(clipId, outcome),
    prune: () => void makeRoom(app, spool),
  });
  handover.start();
  const watching = [watchRoom(app, spool), followCameras(app, spool.hostId, client), serveClips(app, spool)];
  try {
    const host = { id: spool.hostId, uploads: config.concurrency.upload_workers };
    await runWorkers(app, async (at) => [await createHostWorker(at, activities, host)]);
    return ok(undefined);
  } finally {
    await Promise.all([handover.stop(), ...watching]);
    await Promise.all([storage.close(), client.close()]);
    await spool.close();
  }
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
