import { ok, type Result } from '../src/domain/result.ts';
import { systemClock } from '../src/kit/clock.ts';
import type { App } from '../src/runtime/app.ts';
import { loadSources } from '../src/runtime/compose.ts';
import { keepReporting } from '../src/runtime/source-report.ts';
import { openSpool, type SpoolError } from '../src/spool/spool.ts';

/** The cameras of this machine, recording. Disposed of, it lets go of the spool, which only then another may take. */
export interface CameraHost extends AsyncDisposable {
  /** Records until the app is asked to stop. */
  untilStopped(): Promise<void>;
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
  const sources = loadSources(app);
  const stop = () => Promise.all(sources.map(({ source }) => source.stop()));
  const host: CameraHost = {
    untilStopped: async () => {
      await keepReporting(app, () => Object.fromEntries(sources.map(({ camera, source }) => [camera.name, source.status()])));
      await stop();
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await spool.close();
    },
  };
  try {
    const sink = spool.sink();
    await Promise.all(sources.map(({ source }) => source.start(sink)));
    logger.info({ cameras: sources.map(({ camera }) => camera.name) }, 'recording');
    return ok(host);
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
}
