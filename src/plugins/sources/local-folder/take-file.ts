import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { probe } from '../../../media/probe.ts';
import type { ClipSink, Recording } from '../../spec/source.ts';
import { isSameState, lookAt, type SeenFile } from './list-folder.ts';
import type { Manifest } from './manifest.ts';
import { recordedStartOf } from './recorded-start.ts';

/** `later`: it changed or vanished meanwhile; the next look sees it as it is then. */
export type TakeOutcome =
  | { readonly kind: 'taken'; readonly clipId: string; readonly isNew: boolean }
  | { readonly kind: 'known' | 'later' }
  | { readonly kind: 'problem'; readonly message: string };

export interface TakeDeps {
  readonly cameraName: string;
  readonly watchDir: string;
  readonly take: Recording['take'];
  readonly sink: ClipSink;
  readonly manifest: Manifest;
}

/**
 * Seals one settled file. Its identity is its name below the watched folder and its content, so however often it is offered,
 * under whatever time stamp or inode, it is the same clip; the same name with other bytes is another.
 */
export async function takeFile(deps: TakeDeps, file: SeenFile): Promise<TakeOutcome> {
  const { manifest, sink, cameraName } = deps;
  const probed = await probe(file.path);
  if (!probed.ok) return (await isUnchanged(deps, file)) ? { kind: 'problem', message: probed.error.message } : { kind: 'later' };
  const sha256 = await hashOf(file.path);
  if (sha256 === undefined || !(await isUnchanged(deps, file))) return { kind: 'later' };
  const movedFrom = manifest.findMoved(file, sha256);
  if (movedFrom !== undefined) {
    manifest.remove(movedFrom);
    manifest.add(file, sha256);
    return { kind: 'known' };
  }
  const sealed = await sink.seal({
    cameraName,
    sourceBackend: 'local_folder',
    identity: `${file.name}\0${sha256}`,
    recordedStartAt: recordedStartOf(probed.value, file.mtimeMs),
    path: file.path,
    take: deps.take,
    durationMs: probed.value.durationMs,
  });
  if (sealed.ok) {
    manifest.add(file, sha256);
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
