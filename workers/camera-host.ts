import { Registry } from 'prom-client';
import { ok, type Result } from '../src/domain/result.ts';
import { createRecorderMetrics, type RecorderMetrics } from '../src/health/recorder-metrics.ts';
import { systemClock } from '../src/kit/clock.ts';
import { noWorseThanAttention } from '../src/kit/findings.ts';
import type { ClipSink } from '../src/plugins/spec/source.ts';
import type { App } from '../src/runtime/app.ts';
import { type CameraSet, type CamerasOf, createCameraSet } from '../src/runtime/camera-set.ts';
import { openProcessHealth } from '../src/runtime/process-health.ts';
import { cameraFindings, spoolFindings } from '../src/runtime/recorder-findings.ts';
import { keepReporting } from '../src/runtime/source-report.ts';
import { openSpool, type RecorderSpool, type SpoolError } from '../src/spool/spool.ts';

/** The cameras of this machine, recording. Disposed of, it lets go of the spool, which only then another may take. */
export interface CameraHost extends AsyncDisposable {
  /** Records from now on as this says; cameras for which nothing changes do not notice. */
  readonly apply: (configured: CamerasOf) => Promise<void>;
  /** Records until the app is asked to stop. */
  readonly untilStopped: () => Promise<void>;
}

/**
 * Takes the spool and records every camera's source into it. Needs a disk and nothing else; a camera that is away is awaited
 * by its source. Fails where the spool cannot be used or another process records into it.
 */
export async function openCameraHost(app: App): Promise<Result<CameraHost, SpoolError>> {
  const { logger, folders, config } = app;
  const clipsDir = config.storage.paths.clips_dir;
  const opened = await openSpool({ dir: folders.spool, role: 'recorder', clock: systemClock, logger, clipsDir });
  if (!opened.ok) return opened;
  const spool = opened.value;
  const registry = new Registry();
  const metrics = createRecorderMetrics(registry);
  const cameras = createCameraSet(app, counting(spool.sink(), metrics));
  const health = openProcessHealth(app, { name: 'record', registry, ...factsOf(app, spool, cameras, metrics) });
  const host: CameraHost = {
    apply: (configured) => cameras.apply(configured),
    untilStopped: async () => {
      await keepReporting(app, () => cameras.report());
      await cameras.stop();
    },
    async [Symbol.asyncDispose]() {
      await health[Symbol.asyncDispose]();
      await cameras.stop();
      await spool.close();
    },
  };
  try {
    await cameras.apply(app);
    return ok(host);
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}

/** One camera that is away makes no recorder unfit: it records the others. */
function factsOf(app: App, spool: RecorderSpool, cameras: CameraSet, metrics: RecorderMetrics) {
  return {
    look: async () => [
      ...spoolFindings(await spool.backlog(), app.folders.spool),
      ...Object.entries(cameras.report()).flatMap(([name, status]) => cameraFindings(name, status).map(noWorseThanAttention)),
    ],
    refresh: async () => {
      metrics.update(await spool.backlog(), cameras.report());
      return '';
    },
  };
}

function counting(sink: ClipSink, metrics: RecorderMetrics): ClipSink {
  return {
    ...sink,
    seal: async (recording) => {
      const sealed = await sink.seal(recording);
      if (sealed.ok && sealed.value.isNew) metrics.sealed(recording.cameraName);
      return sealed;
    },
  };
}
