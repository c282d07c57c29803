import { basename, resolve } from 'node:path';
import type { PluginContext } from '../../spec/plugin.ts';
import type { ClipSink, ClipSource, SourceStatus } from '../../spec/source.ts';
import type { LocalFolderConfig } from './config.ts';
import { createFolderEvents } from './folder-events.ts';
import { type Listing, listFolder, mayBeFootage, nameOf, type SeenFile } from './list-folder.ts';
import { type Manifest, manifestPath, openManifest } from './manifest.ts';
import { createProblemList } from './problem-list.ts';
import { createStability } from './stability.ts';
import { takeFile } from './take-file.ts';
import { createWakeUp } from './wake-up.ts';

/** Looks at the folder again after so many files, so that a large first import does not hide what happens meanwhile. */
const FILES_PER_LOOK = 20;
/** Events come in bursts, one for each block written. */
const EVENT_PAUSE_MS = 200;

/** Watches a folder and seals what is finished in it. */
export function createLocalFolderSource(config: LocalFolderConfig, context: PluginContext): ClipSource {
  const { logger, clock, cameraName = '' } = context;
  const watchDir = resolve(config.watch_dir);
  const listing = { watchDir, extensions: new Set(config.extensions), recursive: config.recursive };
  const stability = createStability(config.stability_threshold_s * 1000);
  const problems = createProblemList();
  const wakeUp = createWakeUp();
  const events = createFolderEvents((path) => {
    if (isWorthALook(path)) wakeUp.soon(EVENT_PAUSE_MS);
  });
  let state: SourceStatus['state'] = 'starting';
  let message: string | undefined;
  let running: Promise<void> | undefined;
  let isStopping = false;

  /** A file that is being written is looked at when it may have settled; events about each of its blocks only cost looks. */
  function isWorthALook(path: string): boolean {
    const mayBeFolder = config.recursive && !basename(path).startsWith('.');
    return (mayBeFolder || mayBeFootage(path, listing)) && !stability.isObserved(nameOf(path, watchDir));
  }

  /** undefined while the folder is away. */
  async function look(): Promise<Listing | undefined> {
    try {
      const seen = await listFolder(listing);
      if (state !== 'watching') logger.info({ camera_name: cameraName, watch_dir: watchDir }, 'watching a folder');
      [state, message] = ['watching', undefined];
      events.follow(seen.folders);
      return seen;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (state !== 'offline')
        logger.warn({ camera_name: cameraName, watch_dir: watchDir, err: cause }, 'a watched folder is away');
      [state, message] = ['offline', reason];
      events.follow([]);
      return undefined;
    }
  }

  /** Takes what has settled, oldest first. @returns whether more is waiting. */
  async function takeSettled(manifest: Manifest, sink: ClipSink): Promise<boolean> {
    const nowMs = performance.now();
    const settled = stability.settled(nowMs).filter(({ name }) => !problems.isWaiting(name, nowMs));
    const inOrder = settled.toSorted((a, b) => a.mtimeMs - b.mtimeMs || (a.name < b.name ? -1 : 1));
    for (const file of inOrder.slice(0, FILES_PER_LOOK)) {
      if (isStopping) return false;
      await takeOne(manifest, sink, file);
    }
    return inOrder.length > FILES_PER_LOOK;
  }

  async function takeOne(manifest: Manifest, sink: ClipSink, file: SeenFile): Promise<void> {
    const outcome = await takeFile({ cameraName, watchDir, take: config.take, sink, manifest }, file);
    const fields = { camera_name: cameraName, path: file.path };
    if (outcome.kind === 'problem') {
      const isNews = problems.add(file, outcome.message, { now: clock.now(), nowMs: performance.now() });
      if (isNews) logger.warn(fields, `a file cannot be taken and is kept: ${outcome.message}`);
      return;
    }
    problems.resolve(file.name);
    if (outcome.kind === 'taken' && outcome.isNew) logger.info({ ...fields, clip_id: outcome.clipId }, 'took a file');
  }

  async function once(manifest: Manifest, sink: ClipSink): Promise<void> {
    const seen = await look();
    if (seen === undefined) return wakeUp.within(config.poll_interval_s * 1000);
    const nowMs = performance.now();
    manifest.reconcile(seen.files, clock.now());
    problems.reconcile(seen.files);
    stability.observe(
      seen.files.filter((file) => !manifest.has(file)),
      nowMs,
    );
    const isMore = await takeSettled(manifest, sink);
    await saveQuietly(manifest);
    const afterMs = performance.now();
    const dues = [stability.nextMs(afterMs), problems.nextMs(afterMs)].filter((dueMs) => dueMs !== undefined);
    const waitMs = Math.min(config.poll_interval_s * 1000, ...dues.map((dueMs) => dueMs - afterMs));
    if (!isMore) await wakeUp.within(waitMs);
  }

  async function saveQuietly(manifest: Manifest): Promise<void> {
    try {
      await manifest.save();
    } catch (cause) {
      logger.warn({ camera_name: cameraName, err: cause }, 'the list of taken files cannot be written; trying again');
    }
  }

  async function run(manifest: Manifest, sink: ClipSink): Promise<void> {
    while (!isStopping) {
      try {
        await once(manifest, sink);
      } catch (cause) {
        // Nothing here is expected to throw. A defect with one file must not end the watching of all.
        logger.error({ camera_name: cameraName, err: cause }, 'looking at a watched folder failed');
        await wakeUp.within(config.poll_interval_s * 1000);
      }
    }
  }

  return {
    async start(sink) {
      const { manifest, damage } = await openManifest(manifestPath(sink.stateDir, cameraName, watchDir));
      if (damage !== undefined) {
        logger.warn(
          { camera_name: cameraName, reason: damage },
          'the list of taken files was damaged; asking the spool for each file',
        );
      }
      await look();
      running = run(manifest, sink);
    },
    async stop() {
      isStopping = true;
      wakeUp.forGood();
      await running;
      events.close();
      state = 'stopped';
    },
    status: () => ({ state, ...(message === undefined ? {} : { message }), problems: problems.list() }),
  };
}
