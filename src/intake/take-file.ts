import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Instant } from '../domain/instant.ts';
import { ok, type Result } from '../domain/result.ts';
import type { PluginFailure } from '../domain/stage-error.ts';
import { probe } from '../media/probe.ts';
import type { ClipSink, Recording } from '../plugins/spec/source.ts';
import { isSameState, lookAt, type SeenFile } from './list-folder.ts';
import type { Manifest } from './manifest.ts';
import { recordedStartOf } from './recorded-start.ts';

/** `done`: nothing is left to do. `later`: it changed, vanished or has to wait; the next look sees it as it is then. */
export type TakeOutcome =
  | { readonly kind: 'taken'; readonly clipId: string; readonly isNew: boolean }
  | { readonly kind: 'done' | 'later' }
  | { readonly kind: 'problem'; readonly message: string };

export interface TakeDeps {
  readonly cameraName: string;
  readonly backend: string;
  readonly watchDir: string;
  readonly take: Recording['take'];
  readonly sink: ClipSink;
  readonly manifest: Manifest;
}

/** When a file's recording began, and how long it is. */
export interface Footage {
  readonly recordedStartAt: Instant;
  readonly durationMs: number;
}
export type InspectFile = (file: SeenFile) => Promise<Result<Footage, Pick<PluginFailure, 'message'>>>;

/** Any file with a picture that can be decoded is footage. */
export const inspectVideo: InspectFile = async (file) => {
  const probed = await probe(file.path);
  if (!probed.ok) return probed;
  return ok({ recordedStartAt: recordedStartOf(probed.value, file.mtimeMs), durationMs: probed.value.durationMs });
};

/**
 * Seals one settled file. Its identity is its name below the watched folder and its content, so however often it is offered,
 * under whatever time stamp or inode, it is the same clip; the same name with other bytes is another.
 */
export async function takeFile(deps: TakeDeps, file: SeenFile, inspect: InspectFile = inspectVideo): Promise<TakeOutcome> {
  const { manifest, sink, cameraName, take } = deps;
  const inspected = await inspect(file);
  if (!inspected.ok)
    return (await isUnchanged(deps, file)) ? { kind: 'problem', message: inspected.error.message } : { kind: 'later' };
  const sha256 = await hashOf(file.path);
  if (sha256 === undefined || !(await isUnchanged(deps, file))) return { kind: 'later' };
  // What is moved away is never found under another name, and found again under its own it has been put there again.
  const movedFrom = take === 'move' ? undefined : manifest.findMoved(file, sha256);
  if (movedFrom !== undefined) {
    manifest.remove(movedFrom);
    manifest.add(file, sha256);
    return { kind: 'done' };
  }
  const before = take === 'move' ? manifest.clipOf(file.name, sha256) : undefined;
  const { recordedStartAt, durationMs } = before ?? inspected.value;
  const identity = `${file.name}\0${sha256}`;
  const recording = { cameraName, sourceBackend: deps.backend, identity, recordedStartAt, durationMs, path: file.path, take };
  const sealed = await sink.seal(recording);
  if (sealed.ok) {
    manifest.add(file, sha256, { clipId: sealed.value.clipId, recordedStartAt, durationMs });
    return { kind: 'taken', ...sealed.value };
  }
  const isLater = sealed.error.code === 'gone' || sealed.error.code === 'not_now';
  return isLater ? { kind: 'later' } : { kind: 'problem', message: sealed.error.message };
}

async function isUnchanged({ watchDir }: TakeDeps, file: SeenFile): Promise<boolean> {
  const now = await lookAt(file.path, watchDir);
  return now !== undefined && isSameState(now, file);
}

/** undefined when the file cannot be read (any more). */
async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}
