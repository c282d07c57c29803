import { basename } from 'node:path';
import type { PluginContext } from '../plugins/spec/plugin.ts';
import type { ClipSink, ClipSource, Recording } from '../plugins/spec/source.ts';
import { type ListOptions, mayBeFootage, nameOf, type SeenFile } from './list-folder.ts';
import { type Manifest, manifestPath, openManifest } from './manifest.ts';
import { createProblemList, type ProblemList } from './problem-list.ts';
import { createStability, type Stability } from './stability.ts';
import type { TakeDeps, TakeOutcome } from './take-file.ts';
import { createWakeUp, type WakeUp } from './wake-up.ts';
import { createWatchedFolder, type WatchedFolder } from './watched-folder.ts';

/** Looks at the folder again after so many files, so that a large first import does not hide what happens meanwhile. */
const FILES_PER_LOOK = 20;
/** Events come in bursts, one for each block written. */
const EVENT_PAUSE_MS = 200;

export interface FolderIntakeOptions {
  /** Of the source that the clips are said to come from. */
  readonly backend: string;
  readonly listing: ListOptions;
  readonly take: Recording['take'];
  /** A file is finished when it has not changed for so long. */
  readonly settleMs: number;
  readonly pollMs: number;
  /** What becomes of a finished file. */
  readonly takeFile: (deps: TakeDeps, file: SeenFile) => Promise<TakeOutcome>;
  readonly context: PluginContext;
}

/** All that one watched folder consists of. */
interface Parts {
  readonly options: FolderIntakeOptions;
  readonly folder: WatchedFolder;
  readonly stability: Stability;
  readonly problems: ProblemList;
  readonly wakeUp: WakeUp;
  isStopping: boolean;
}

/** Watches a folder and seals what is finished in it. */
export function createFolderIntake(options: FolderIntakeOptions): ClipSource {
  const { listing, take, backend } = options;
  const { watchDir } = listing;
  const { logger, cameraName = '' } = options.context;
  const stability = createStability(options.settleMs);
  const problems = createProblemList();
  const wakeUp = createWakeUp();
  /** A file that is being written is looked at when it may have settled; events about each of its blocks only cost looks. */
  const onEvent = (path: string): void => {
    const mayBeFolder = listing.recursive && !basename(path).startsWith('.');
    const isWorthALook = (mayBeFolder || mayBeFootage(path, listing)) && !stability.isObserved(nameOf(path, watchDir));
    if (isWorthALook) wakeUp.soon(EVENT_PAUSE_MS);
  };
  const folder = createWatchedFolder({ listing, cameraName, logger, onEvent });
  const parts: Parts = { options, folder, stability, problems, wakeUp, isStopping: false };
  let running: Promise<void> | undefined;
  return {
    async start(sink) {
      const manifest = await manifestOf(options, sink);
      await folder.look();
      running = run(parts, { cameraName, backend, watchDir, take, sink, manifest });
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

async function manifestOf({ backend, listing, context }: FolderIntakeOptions, { stateDir }: ClipSink): Promise<Manifest> {
  const { logger, cameraName = '' } = context;
  const path = manifestPath({ stateDir, backend, cameraName, watchDir: listing.watchDir });
  const { manifest, damage } = await openManifest(path);
  const fields = { camera_name: cameraName, reason: damage };
  if (damage !== undefined) logger.warn(fields, 'the list of taken files was damaged; asking the spool for each file');
  return manifest;
}

async function run(parts: Parts, taking: TakeDeps): Promise<void> {
  const { options, wakeUp } = parts;
  while (!parts.isStopping) {
    try {
      await wakeUp.within(await workOnce(parts, taking));
    } catch (cause) {
      // Nothing here is expected to throw. A defect with one file must not end the watching of all.
      options.context.logger.error({ camera_name: taking.cameraName, err: cause }, 'looking at a watched folder failed');
      await wakeUp.within(options.pollMs);
    }
  }
}

/** Looks, and takes what has settled. @returns how long to wait before the next look. */
async function workOnce(parts: Parts, taking: TakeDeps): Promise<number> {
  const { folder, stability, problems } = parts;
  const { context, pollMs } = parts.options;
  const seen = await folder.look();
  if (seen === undefined) return pollMs;
  taking.manifest.reconcile(seen.files, context.clock.now());
  problems.reconcile(seen.files);
  const untaken = seen.files.filter((file) => !taking.manifest.has(file));
  const lookMs = performance.now();
  stability.observe(untaken, lookMs);
  const isMoreWaiting = await takeSettled(parts, taking, lookMs);
  await saveQuietly(parts, taking.manifest);
  if (isMoreWaiting) return 0;
  const nowMs = performance.now();
  // What has settled while others were taken is due at once.
  const dues = [stability.nextMs(lookMs), problems.nextMs(nowMs)].filter((dueMs) => dueMs !== undefined);
  return Math.min(pollMs, ...dues.map((dueMs) => dueMs - nowMs));
}

/** Takes what has settled, oldest first. @returns whether more is waiting. */
async function takeSettled(parts: Parts, taking: TakeDeps, nowMs: number): Promise<boolean> {
  const settled = parts.stability.settled(nowMs).filter(({ name }) => !parts.problems.isWaiting(name, nowMs));
  const inOrder = settled.toSorted((a, b) => a.mtimeMs - b.mtimeMs || (a.name < b.name ? -1 : 1));
  for (const file of inOrder.slice(0, FILES_PER_LOOK)) {
    if (parts.isStopping) return false;
    await takeOne(parts, taking, file);
  }
  return inOrder.length > FILES_PER_LOOK;
}

async function takeOne({ options, problems, stability }: Parts, taking: TakeDeps, file: SeenFile): Promise<void> {
  const { context } = options;
  const outcome = await options.takeFile(taking, file);
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

async function saveQuietly({ options: { context } }: Parts, manifest: Manifest): Promise<void> {
  try {
    await manifest.save();
  } catch (cause) {
    const fields = { camera_name: context.cameraName, err: cause };
    context.logger.warn(fields, 'the list of taken files cannot be written; trying again');
  }
}
