import { systemClock } from '../src/kit/clock.ts';
import type { App } from '../src/runtime/app.ts';
import { loadSources } from '../src/runtime/compose.ts';
import { keepReporting } from '../src/runtime/source-report.ts';
import { openSpool } from '../src/spool/spool.ts';

/**
 * Records: every camera's source into the spool. Needs a disk and nothing else.
 * Throws when the spool cannot be used; a camera that is away is awaited by its source.
 */
export async function runCameraHost(app: App): Promise<void> {
  const { logger, folders, config } = app;
  const opened = await openSpool({
    dir: folders.spool,
    role: 'recorder',
    clock: systemClock,
    logger,
    clipsDir: config.storage.paths.clips_dir,
  });
  if (!opened.ok) throw new Error(opened.error.message, { cause: opened.error.cause });
  const spool = opened.value;
  const sources = loadSources(app);
  try {
    const sink = spool.sink();
    await Promise.all(sources.map(({ source }) => source.start(sink)));
    logger.info({ cameras: sources.map(({ camera }) => camera.name) }, 'recording');
    await keepReporting(app, () => Object.fromEntries(sources.map(({ camera, source }) => [camera.name, source.status()])));
  } finally {
    await Promise.all(sources.map(({ source }) => source.stop()));
    await spool.close();
  }
}
