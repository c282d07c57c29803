import { basename, resolve } from 'node:path';
import type { PluginContext } from '../../spec/plugin.ts';
import type { ClipSink, ClipSource } from '../../spec/source.ts';
import type { LocalFolderConfig } from './config.ts';
import { mayBeFootage, nameOf, type SeenFile } from './list-folder.ts';
import { type Manifest, manifestPath, openManifest } from './manifest.ts';
import { createProblemList, type ProblemList } from './problem-list.ts';
import { createStability, type Stability } from './stability.ts';
import { type TakeDeps, takeFile } from './take-file.ts';
import { createWakeUp, type WakeUp } from './wake-up.ts';
import { createWatchedFolder, type WatchedFolder } from './watched-folder.ts';

/** Looks at the folder again after so many files, so that a large first import does not hide what happens meanwhile. */
const FILES_PER_LOOK = 20;
/** Events come in bursts, one for each block written. */
const EVENT_PAUSE_MS = 200;

/** All that one watched folder consists of. */
interface Parts {
  readonly config: LocalFolderConfig;
  readonly context: PluginContext;
  readonly folder: WatchedFolder;
  readonly stability: Stability;
  readonly problems: ProblemList;
  readonly wakeUp: WakeUp;
  isStopping: boolean;
}

/** Watches a folder and seals what is finished in it. */
export function createLocalFolderSource(config: LocalFolderConfig, context: PluginContext): ClipSource {
  const { logger, cameraName = '' } = context;
  const watchDir = resolve(config.watch_dir);
  const listing = { watchDir, extensions: new Set(config.extensions), recursive: config.recursive };
  const stability = createStability(config.stability_threshold_s * 1000);
  const problems = createProblemList();
  const wakeUp = createWakeUp();
  /** A file that is being written is looked at when it may have settled; events about each of its blocks only cost looks. */
  const onEvent = (path: string): void => {
    const mayBeFolder = config.recursive && !basename(path).startsWith('.');
    const isWorthALook = (mayBeFolder || mayBeFootage(path, listing)) && !stability.isObserved(nameOf(path, watchDir));
    if (isWorthALook) wakeUp.soon(EVENT_PAUSE_MS);
  };
  const folder = createWatchedFolder({ listing, cameraName, logger, onEvent });
  const parts: Parts = { config, context, folder, stability, problems, wakeUp, isStopping: false };
  let running: Promise<void> | undefined;
  return {
    async start(sink) {
      const manifest = await manifestOf(parts, sink, watchDir);
      await folder.look();
      running = run(parts, { cameraName, watchDir, take: config.take, sink, manifest });
    },
    async stop() {
      parts.isStopping = true;
      wakeUp.forGood();
      await running;
      folder.close();
    },
    status: () => ({ ...folder.status(), problems: problems.list() }),
  };
}

async function manifestOf({ context }: Parts, sink: ClipSink, watchDir: string): Promise<Manifest> {
  const { logger, cameraName = '' } = context;
  const { manifest, damage } = await openManifest(manifestPath(sink.stateDir, cameraName, watchDir));
  const fields = { camera_name: cameraName, reason: damage };
  if (damage !== undefined) logger.warn(fields, 'the list of taken files was damaged; asking the spool for each file');
  return manifest;
}

async function run(parts: Parts, taking: TakeDeps): Promise<void> {
  const { config, context, wakeUp } = parts;
  while (!parts.isStopping) {
    try {
      await wakeUp.within(await workOnce(parts, taking));
    } catch (cause) {
      // Nothing here is expected to throw. A defect with one file must not end the watching of all.
      context.logger.error({ camera_name: taking.cameraName, err: cause }, 'looking at a watched folder failed');
      await wakeUp.within(config.poll_interval_s * 1000);
    }
  }
}

/** Looks, and takes what has settled. @returns how long to wait before the next look. */
async function workOnce(parts: Parts, taking: TakeDeps): Promise<number> {
  const { context, folder, stability, problems } = parts;
  const pollMs = parts.config.poll_interval_s * 1000;
  const seen = await folder.look();
  if (seen === undefined) return pollMs;
  taking.manifest.reconcile(seen.files, context.clock.now());
  problems.reconcile(seen.files);
  const untaken = seen.files.filter((file) => !taking.manifest.has(file));
  stability.observe(untaken, performance.now());
  const isMoreWaiting = await takeSettled(parts, taking);
  await saveQuietly(parts, taking.manifest);
  if (isMoreWaiting) return 0;
  const nowMs = performance.now();
  const dues = [stability.nextMs(nowMs), problems.nextMs(nowMs)].filter((dueMs) => dueMs !== undefined);
  return Math.min(pollMs, ...dues.map((dueMs) => dueMs - nowMs));
}

/** Takes what has settled, oldest first. @returns whether more is waiting. */
async function takeSettled(parts: Parts, taking: TakeDeps): Promise<boolean> {
  const nowMs = performance.now();
  const settled = parts.stability.settled(nowMs).filter(({ name }) => !parts.problems.isWaiting(name, nowMs));
  const inOrder = settled.toSorted((a, b) => a.mtimeMs - b.mtimeMs || (a.name < b.name ? -1 : 1));
  for (const file of inOrder.slice(0, FILES_PER_LOOK)) {
    if (parts.isStopping) return false;
    await takeOne(parts, taking, file);
  }
  return inOrder.length > FILES_PER_LOOK;
}

async function takeOne({ context, problems, stability }: Parts, taking: TakeDeps, file: SeenFile): Promise<void> {
  const outcome = await takeFile(taking, file);
  const fields = { camera_name: taking.cameraName, path: file.path };
  if (outcome.kind === 'problem') {
    const isNews = problems.add(file, outcome.message, { now: context.clock.now(), nowMs: performance.now() });
    if (isNews) context.logger.warn(fields, `a file cannot be taken and is kept: ${outcome.message}`);
    return;
  }
  problems.resolve(file.name);
  stability.forget(file.name);
  if (outcome.kind === 'taken' && outcome.isNew) context.logger.info({ ...fields, clip_id: outcome.clipId }, 'took a file');
}

async function saveQuietly({ context }: Parts, manifest: Manifest): Promise<void> {
  try {
    await manifest.save();
  } catch (cause) {
    const fields = { camera_name: context.cameraName, err: cause };
    context.logger.warn(fields, 'the list of taken files cannot be written; trying again');
  }
}
