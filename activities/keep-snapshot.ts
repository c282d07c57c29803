import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import type { Clip } from '../src/domain/clip.ts';
import type { Detection, FilterResult } from '../src/domain/detection.ts';
import { err, ok, type Result } from '../src/domain/result.ts';
import { snapshotKeyOf } from '../src/domain/snapshot-key.ts';
import { type PluginFailure, pluginFailure } from '../src/domain/stage-error.ts';
import { unlessAborted } from '../src/kit/unless-aborted.ts';
import { drawDetection } from '../src/media/detection-picture.ts';
import type { ClipBytesDeps } from './clip-bytes.ts';
import { heartbeat } from './heartbeat.ts';

/** What was seen in the bytes of a clip that lie at `path`. */
export interface Seen {
  readonly clip: Clip;
  readonly path: string;
  readonly seen: FilterResult;
  readonly triggerClasses: readonly string[];
}

/** Longest that what was seen waits for its picture. */
const KEEP_WITHIN_MS = 5_000;
const LOOK = { maxSize: 1280, quality: 80 };

/** Draws and stores the picture that alerts show. Whatever fails there, what was seen is still the answer. */
export async function withSnapshot(deps: ClipBytesDeps, look: Seen, context: Context): Promise<FilterResult> {
  const best = look.seen.detections.find(({ className }) => look.triggerClasses.includes(className));
  if (best === undefined) return look.seen;
  const signal = AbortSignal.any([context.cancellationSignal, AbortSignal.timeout(KEEP_WITHIN_MS)]);
  const keeping = keepSnapshot(deps, look, { detection: best, signal, onProgress: () => heartbeat(context) });
  const kept = await unlessAborted(keeping, signal).catch(asFailure);
  if (kept.ok) return { ...look.seen, snapshotKey: kept.value };
  const { code, message } = kept.error;
  context.log.warn('the clip has no picture for its alert', { clip_id: look.clip.clipId, code, reason: message });
  return look.seen;
}

interface Keeping {
  readonly detection: Detection;
  readonly signal: AbortSignal;
  readonly onProgress: () => void;
}

/** @returns the key under which storage has it. */
async function keepSnapshot(
  { storage, copiesDir }: ClipBytesDeps,
  { clip, path }: Seen,
  { detection, ...call }: Keeping,
): Promise<Result<string, PluginFailure>> {
  const drawn = await drawDetection({ path, detection, ...LOOK, signal: call.signal });
  if (!drawn.ok) return drawn;
  const sha256 = createHash('sha256').update(drawn.value).digest('hex');
  const key = snapshotKeyOf(clip.storageKey, sha256);
  const folder = await mkdtemp(join(copiesDir, 'snapshot-'));
  try {
    const file = join(folder, 'snapshot.jpg');
    await writeFile(file, drawn.value);
    const stored = await storage.put({ path: file, sizeBytes: drawn.value.length, sha256 }, key, call);
    return stored.ok ? ok(key) : stored;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const asFailure = (thrown: unknown): Result<never, PluginFailure> =>
  err(pluginFailure('UNEXPECTED', 'it was not drawn and stored in time', thrown));
