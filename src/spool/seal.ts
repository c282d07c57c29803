import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clip } from '../domain/clip.ts';
import type { ClipId } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { PluginFailure } from '../domain/stage-error.ts';
import { probe } from '../media/probe.ts';
import type { Clock, Logger } from '../plugins/spec/plugin.ts';
import type { Recording, SealedClip, SealFailure } from '../plugins/spec/source.ts';
import { addMs, clipIdOf, extensionOf, storageKeyOf } from './clip-identity.ts';
import { type DurableFiles, type HashedBytes, systemCodeOf } from './durable-files.ts';
import type { FinishedLedger } from './finished-ledger.ts';
import { markerName, mediaPath, type SpoolLayout } from './layout.ts';
import { formatMarker } from './marker.ts';
import type { MarkerStore } from './marker-store.ts';
import type { OneAtATime } from './one-at-a-time.ts';

export interface SealDeps {
  readonly layout: SpoolLayout;
  readonly files: DurableFiles;
  readonly markers: MarkerStore;
  readonly ledger: FinishedLedger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hostId: string;
  readonly clipsDir: string;
  readonly turns: OneAtATime;
}

/**
 * Seals recordings. The order of the steps is what makes a kill between any two of them harmless:
 * bytes complete in `sealing/` -> marker complete beside them -> bytes renamed into `media/` -> marker renamed into `open/`.
 * Before the marker is complete, what was taken is thrown away at the next start and the source offers it again; from then
 * on the next start finishes the sealing by itself (`recover.ts`). The source's own file goes last.
 */
export function createSealer(deps: SealDeps): (recording: Recording) => Promise<Result<SealedClip, SealFailure>> {
  return async (recording) => {
    const clipId = clipIdOf(recording);
    return deps.turns.run(clipId, async () => {
      try {
        return await seal(deps, recording, clipId);
      } catch (cause) {
        return err(failureOf(cause, recording.path));
      }
    });
  };
}

async function seal(deps: SealDeps, recording: Recording, clipId: ClipId): Promise<Result<SealedClip, SealFailure>> {
  if (await isKnown(deps, clipId)) {
    if (recording.take === 'move') await dropDuplicate(deps, recording, clipId);
    return ok({ clipId, isNew: false });
  }
  const source = await realpath(recording.path);
  const before = await stat(source);
  const duration = await durationOf(recording, source);
  if (!duration.ok) return duration;
  const part = join(deps.layout.sealing, `${clipId}.part`);
  const draft = join(deps.layout.sealing, markerName(clipId));
  let clip: Clip;
  try {
    const bytes = await takeBytes(deps.files, recording, source, part);
    const after = await stat(source);
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs || bytes.sizeBytes !== before.size) {
      await deps.files.remove(part);
      return err({ code: 'not_now', message: `${recording.path} changed while it was being taken` });
    }
    clip = describe(deps, { recording, source, clipId, bytes, durationMs: duration.value });
    await deps.files.write(draft, formatMarker(clip));
  } catch (cause) {
    await deps.files.remove(draft).catch(() => undefined);
    await deps.files.remove(part).catch(() => undefined);
    throw cause;
  }
  await publish(deps, clip, { part, draft });
  if (recording.take === 'move') await removeMoved(deps, recording);
  return ok({ clipId, isNew: true });
}

/** Makes a complete clip visible. Done again after a kill by recovery. */
export async function publish(
  { layout, files }: Pick<SealDeps, 'layout' | 'files'>,
  clip: Clip,
  { part, draft }: { readonly part: string | undefined; readonly draft: string },
): Promise<void> {
  if (part !== undefined && clip.path === mediaPath(layout, clip.clipId, extensionOf(clip.path))) {
    await files.rename(part, clip.path);
    await files.syncFolder(layout.media);
  }
  await files.rename(draft, join(layout.open, markerName(clip.clipId)));
  await files.syncFolder(layout.open);
}

/** Whether the spool has, or had, this clip. The ledger comes last: a clip enters it before its marker moves. */
export async function isKnown({ layout, ledger }: Pick<SealDeps, 'layout' | 'ledger'>, clipId: ClipId): Promise<boolean> {
  return (await hasMarker(layout, clipId)) || (await ledger.find(clipId)) !== undefined;
}

/** Whether the spool holds this clip now. */
export async function hasMarker(layout: SpoolLayout, clipId: ClipId): Promise<boolean> {
  for (const folder of [layout.open, layout.refused, layout.released]) {
    if (await exists(join(folder, markerName(clipId)))) return true;
  }
  return false;
}

async function durationOf(recording: Recording, source: string): Promise<Result<number, SealFailure>> {
  if (recording.durationMs !== undefined) return ok(recording.durationMs);
  const probed = await probe(source);
  if (probed.ok) return ok(probed.value.durationMs);
  return err(probeFailure(probed.error));
}

const probeFailure = (failure: PluginFailure): SealFailure => ({
  code: failure.code === 'CLIP_UNREADABLE' ? 'unreadable' : 'not_now',
  message: failure.message,
  cause: failure,
});

async function takeBytes(files: DurableFiles, recording: Recording, source: string, part: string): Promise<HashedBytes> {
  if (recording.take === 'in_place') return files.settle(source);
  await files.remove(part);
  if (recording.take === 'copy' || !(await linked(files, source, part))) return files.copy(source, part);
  return files.settle(part);
}

/** Not every disk knows hard links, none links to another disk, and some systems forbid linking other people's files. */
async function linked(files: DurableFiles, source: string, part: string): Promise<boolean> {
  try {
    await files.link(source, part);
    return true;
  } catch (cause) {
    const code = systemCodeOf(cause);
    if (code !== undefined && ['EXDEV', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'].includes(code))
      return false;
    throw cause;
  }
}

interface Taken {
  readonly recording: Recording;
  readonly source: string;
  readonly clipId: ClipId;
  readonly bytes: HashedBytes;
  readonly durationMs: number;
}

function describe({ layout, hostId, clock, clipsDir }: SealDeps, taken: Taken): Clip {
  const { recording, source, clipId, bytes, durationMs } = taken;
  return {
    clipId,
    cameraName: recording.cameraName,
    hostId,
    recordedStartAt: recording.recordedStartAt,
    recordedEndAt: addMs(recording.recordedStartAt, durationMs),
    durationMs,
    sealedAt: clock.now(),
    sourceBackend: recording.sourceBackend,
    ...(recording.eventId === undefined ? {} : { eventId: recording.eventId }),
    sizeBytes: bytes.sizeBytes,
    sha256: bytes.sha256,
    path: recording.take === 'in_place' ? source : mediaPath(layout, clipId, extensionOf(recording.path)),
    storageKey: storageKeyOf(clipsDir, recording, clipId),
  };
}

/** A source's temporary file that a kill left behind after its clip was sealed. It goes only when its bytes are safe elsewhere. */
async function dropDuplicate(deps: SealDeps, recording: Recording, clipId: ClipId): Promise<void> {
  const kept = mediaPath(deps.layout, clipId, extensionOf(recording.path));
  const isSafe = (await exists(kept)) || (await deps.ledger.find(clipId))?.uploaded === true;
  if (isSafe) return removeMoved(deps, recording);
  deps.logger.warn({ clip_id: clipId, path: recording.path }, 'kept a duplicate recording: the spool no longer has its bytes');
}

/** The clip is sealed by now: a file that cannot be removed is untidy and no failure. */
async function removeMoved({ files, logger }: SealDeps, { path }: Recording): Promise<void> {
  try {
    await files.remove(path);
  } catch (cause) {
    logger.warn({ path, err: cause }, 'a sealed recording could not be removed from where it was recorded');
  }
}

export function failureOf(cause: unknown, path: string): SealFailure {
  const code = systemCodeOf(cause);
  const isSource = cause instanceof Error && 'path' in cause && cause.path === path;
  if (code === 'ENOENT' && isSource) return { code: 'gone', message: `${path} is no longer there`, cause };
  const what = cause instanceof Error ? cause.message : String(cause);
  return { code: 'disk', message: `${path} could not be sealed: ${what}`, cause };
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return false;
    throw cause;
  }
}
