import { randomUUID } from 'node:crypto';
import { mkdir, readdir, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Clip } from '../domain/clip.ts';
import type { ClipId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Clock, Logger } from '../plugins/spec/plugin.ts';
import type { ClipSink } from '../plugins/spec/source.ts';
import { createBacklog, type SpoolBacklog } from './backlog.ts';
import { type DurableFiles, durableFiles, systemCodeOf } from './durable-files.ts';
import { createFinishedLedger } from './finished-ledger.ts';
import { foldersOf, type SpoolLayout, spoolLayout } from './layout.ts';
import type { SetAsideReason } from './marker.ts';
import { createMarkerStore, readIfThere } from './marker-store.ts';
import { createOneAtATime, type OneAtATime } from './one-at-a-time.ts';
import { recoverMoves, recoverSealing } from './recover.ts';
import { type MoveDeps, readmitClip, readOrSetAside, releaseClip, setAsideClip } from './release.ts';
import { createRetention, type PruneSummary } from './retention.ts';
import { acquireRoleLock, type RoleLock } from './role-lock.ts';
import { createSealer } from './seal.ts';
import { createSnapshotAttacher } from './snapshots.ts';
import { type OpenListener, type OpenWatch, watchOpen } from './watch-open.ts';

/** What any process may do. Nothing here needs a lock. Methods reject only when the disk fails. */
export interface SpoolView {
  /** UUID of this spool; names its host's task queue. Made once, never changes. */
  readonly hostId: string;
  readonly dir: string;
  /** Ids of the open clips, oldest recording first, without those whose release was cut short. */
  openIds(): Promise<ClipId[]>;
  /** undefined when the clip is not open (any more), or its marker is broken. */
  readOpen(clipId: ClipId): Promise<Clip | undefined>;
  /** The clip while its bytes are here: also once released, until retention takes them. */
  readHeld(clipId: ClipId): Promise<Clip | undefined>;
  /** The open clips, oldest recording first. Reads every marker: for reports, not for loops. */
  openClips(): Promise<Clip[]>;
  /** True for ever once the clip was released. */
  isFinished(clipId: ClipId): Promise<boolean>;
  backlog(): Promise<SpoolBacklog>;
  /** Opens a clip again that was set aside. False: it was not, or is finished. */
  readmit(clipId: ClipId): Promise<boolean>;
  close(): Promise<void>;
}

/** The camera host: seals. */
export interface RecorderSpool extends SpoolView {
  sink(): ClipSink;
}

/** The worker that hands over, releases and prunes, beside the recorder. */
export interface HandoverSpool extends SpoolView {
  /** Tells of open clips, those there already and those that any process seals later. */
  watchOpen(listener: OpenListener): OpenWatch;
  /**
   * Records the clip as finished and gives its bytes to retention. Idempotent; after a kill in the middle the next start
   * completes it. A later call with another `uploaded` corrects the earlier. Rejects when the disk fails: call it again.
   */
  release(clipId: ClipId, outcome: { readonly uploaded: boolean }): Promise<void>;
  /** Sets an open clip aside, visible in `backlog()`, until `readmit` or `release`. False: it is not open. */
  refuse(clipId: ClipId, reason: SetAsideReason): Promise<boolean>;
  /** Removes verified, uploaded local bytes beyond the limit, oldest first, and more while less than `minFreeBytes` is free. */
  prune(maxLocalBytes: number, minFreeBytes?: number): Promise<PruneSummary>;
}

/** `recorder` and `handover` exist once each; any number of `observer`s. */
export interface SpoolRoles {
  recorder: RecorderSpool;
  handover: HandoverSpool;
  observer: SpoolView;
}
export type SpoolRole = keyof SpoolRoles;

export interface SpoolOptions<Role extends SpoolRole> {
  /** On a local disk. Created when missing. */
  readonly dir: string;
  readonly role: Role;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Folder in storage that clips go to. Only sealing needs it. */
  readonly clipsDir?: string;
  /** How often to look for new clips where no file events arrive. */
  readonly pollIntervalMs?: number;
  readonly files?: DurableFiles;
}

export interface SpoolError {
  /** `locked`: another process has the role. `disk`: the folder cannot be used. `damaged`: `host.json` is not what it was. */
  readonly code: 'locked' | 'disk' | 'damaged';
  readonly message: string;
  readonly cause?: unknown;
}

/** Opens the spool in one role and finishes what a killed process of that role left half done. */
export async function openSpool<Role extends SpoolRole>(
  options: SpoolOptions<Role>,
): Promise<Result<SpoolRoles[Role], SpoolError>> {
  let lock: RoleLock | undefined;
  try {
    const layout = await makeFolders(options.dir);
    const { role } = options;
    if (role !== 'observer') {
      const acquired = acquireRoleLock(join(layout.locks, role));
      if (!acquired.ok) return err(lockError(role, layout.dir, acquired.error));
      lock = acquired.value;
    }
    return ok(await assemble(options, layout, lock));
  } catch (cause) {
    lock?.release();
    if (cause instanceof DamagedHostFile) return err({ code: 'damaged', message: cause.message, cause });
    return err({ code: 'disk', message: `the spool ${options.dir} cannot be used: ${messageOf(cause)}`, cause });
  }
}

async function assemble(options: SpoolOptions<SpoolRole>, layout: SpoolLayout, lock: RoleLock | undefined) {
  const { role, clock, logger, files = durableFiles } = options;
  const movingDir = join(layout.moving, role);
  await mkdir(movingDir, { recursive: true });
  if (role !== 'observer') for (const name of await readdir(movingDir)) await files.remove(join(movingDir, name));
  const hostId = await hostIdOf(layout, files, movingDir);
  const markers = createMarkerStore(layout, files, movingDir);
  const ledger = createFinishedLedger(layout.finished, files);
  const deps: MoveDeps = { layout, files, markers, ledger, clock, logger };
  if (role === 'recorder') await recoverSealing(deps);
  if (role === 'handover') await recoverMoves(deps);
  const turns = createOneAtATime();
  return {
    ...viewOf(deps, role),
    ...movesOf(deps, turns, options.pollIntervalMs ?? 5_000),
    sink: (): ClipSink => ({
      scratchDir: layout.scratch,
      stateDir: layout.state,
      seal: createSealer({ ...deps, turns, hostId, clipsDir: options.clipsDir ?? 'clips' }),
      attachSnapshot: createSnapshotAttacher({ ...deps, turns, movingDir }),
    }),
    hostId,
    async close() {
      await turns.settled();
      lock?.release();
    },
  };
}

function viewOf(deps: MoveDeps, role: SpoolRole) {
  const { layout, markers, ledger } = deps;
  const openIds = async (): Promise<ClipId[]> => {
    const ids = await markers.ids('open');
    const finished = await Promise.all(ids.map((clipId) => ledger.find(clipId)));
    return ids.filter((_, index) => finished[index] === undefined);
  };
  const readOpen = async (clipId: ClipId): Promise<Clip | undefined> => {
    if (role !== 'observer') return readOrSetAside(deps, 'open', clipId);
    const read = await markers.read('open', clipId);
    return read.ok ? read.value : undefined;
  };
  return {
    dir: layout.dir,
    openIds,
    readOpen,
    readHeld: async (clipId: ClipId) => {
      // `open` twice: another process may be moving the marker meanwhile, in either direction.
      for (const folder of ['open', 'refused', 'released', 'open'] as const) {
        const read = await markers.read(folder, clipId);
        if (read.ok && read.value !== undefined) return 'clip' in read.value ? read.value.clip : read.value;
      }
      return undefined;
    },
    openClips: async () => present(await Promise.all((await openIds()).map(readOpen))),
    isFinished: async (clipId: ClipId) => (await ledger.find(clipId)) !== undefined,
    backlog: createBacklog(layout, markers),
    readmit: (clipId: ClipId) => readmitClip(deps, clipId),
  };
}

/** Released and refused by the same process at the same moment: one after the other for each clip. */
function movesOf(deps: MoveDeps, turns: OneAtATime, pollIntervalMs: number) {
  const { layout, logger } = deps;
  const retention = createRetention(deps, turns);
  return {
    release: (clipId: ClipId, { uploaded }: { readonly uploaded: boolean }) =>
      turns.run(clipId, async () => {
        await releaseClip(deps, clipId, uploaded);
        retention.changed(clipId);
      }),
    refuse: (clipId: ClipId, reason: SetAsideReason) => turns.run(clipId, () => setAsideClip(deps, clipId, reason)),
    prune: (maxLocalBytes: number, minFreeBytes = 0) =>
      turns.run('prune', () => retention.prune({ maxLocalBytes, minFreeBytes })),
    watchOpen: (listener: OpenListener) => watchOpen({ folder: layout.open, logger, pollIntervalMs, listener }),
  };
}

async function makeFolders(dir: string): Promise<SpoolLayout> {
  await mkdir(dir, { recursive: true });
  const layout = spoolLayout(await realpath(resolve(dir)));
  for (const folder of foldersOf(layout)) await mkdir(folder, { recursive: true });
  return layout;
}

class DamagedHostFile extends Error {}
const hostSchema = z.object({ hostId: z.uuid() });

/** Written once, by whichever process comes first. */
async function hostIdOf(layout: SpoolLayout, files: DurableFiles, movingDir: string): Promise<string> {
  if ((await readIfThere(layout.hostFile)) === undefined) {
    const temporary = join(movingDir, `${randomUUID()}.host`);
    await files.write(temporary, `${JSON.stringify({ hostId: randomUUID() })}\n`);
    try {
      // Unlike a rename, a link never replaces what another process wrote meanwhile.
      await files.link(temporary, layout.hostFile);
    } catch (cause) {
      // Where the disk knows no links, two processes in the same moment are left to chance.
      if (systemCodeOf(cause) !== 'EEXIST') await files.rename(temporary, layout.hostFile);
    }
    await files.remove(temporary);
    await files.syncFolder(layout.dir);
  }
  return parseHostId((await readIfThere(layout.hostFile)) ?? '', layout.hostFile);
}

function parseHostId(text: string, path: string): string {
  try {
    return hostSchema.parse(JSON.parse(text)).hostId;
  } catch (cause) {
    throw new DamagedHostFile(`${path} does not hold this spool's host id. Restore the file; sealed clips name it.`, { cause });
  }
}

function lockError(
  role: SpoolRole,
  dir: string,
  { held, cause }: { readonly held: boolean; readonly cause: unknown },
): SpoolError {
  if (held) return { code: 'locked', message: `another process is the ${role} of the spool ${dir}; end it first`, cause };
  return { code: 'disk', message: `the spool ${dir} cannot be locked: ${messageOf(cause)}`, cause };
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
const present = (clips: readonly (Clip | undefined)[]): Clip[] => clips.filter((clip) => clip !== undefined);
