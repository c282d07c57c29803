import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { ok, type Result } from '../domain/result.ts';
import type { ModelManifest } from '../inference/model-manifest.ts';
import { MANIFEST_FILE, MODEL_FILE } from './installed-model.ts';
import { cancelled, filesFailed, type ModelError, modelError, systemCodeOf } from './model-error.ts';

const WORK_PREFIX = '.work-';
/** After this long without a sign of life a lock is a dead process's. */
const LOCK_STALE_MS = 10_000;
const LOCK_RETRY_MS = 250;

export interface Workplace {
  readonly modelsDir: string;
  /** Empty, on the disk of the models, gone when the work ends. */
  readonly workDir: string;
  /** Aborted by the caller, or when another process took the lock away. */
  readonly signal: AbortSignal;
}
type Work<T> = (workplace: Workplace) => Promise<Result<T, ModelError>>;

/**
 * Lets one process at a time change the models, and gives it a folder for what is not finished. What an earlier process
 * left in its own is removed first: under the lock nobody else can be using it. Waits for the lock for ever, unless aborted.
 */
export async function changeModels<T>(modelsDir: string, signal: AbortSignal, work: Work<T>): Promise<Result<T, ModelError>> {
  const lost = new AbortController();
  const both = AbortSignal.any([signal, lost.signal]);
  let unlock: (() => Promise<void>) | undefined;
  const workDir = join(modelsDir, `${WORK_PREFIX}${randomUUID()}`);
  try {
    await mkdir(modelsDir, { recursive: true });
    unlock = await lockModels(modelsDir, signal, () => lost.abort());
    await removeLeftovers(modelsDir);
    await mkdir(workDir);
    const result = await work({ modelsDir, workDir, signal: both });
    return result.ok || !lost.signal.aborted ? result : lockLost(modelsDir, result.error);
  } catch (error) {
    if (signal.aborted) return cancelled(modelsDir);
    if (lost.signal.aborted) return lockLost(modelsDir, error);
    return filesFailed(modelsDir, error);
  } finally {
    await rm(workDir, { recursive: true, force: true }).catch(() => undefined);
    await unlock?.().catch(() => undefined);
  }
}

async function lockModels(modelsDir: string, signal: AbortSignal, onLost: () => void): Promise<() => Promise<void>> {
  const options = { lockfilePath: join(modelsDir, '.lock'), stale: LOCK_STALE_MS, realpath: false, onCompromised: onLost };
  for (;;) {
    try {
      return await lockfile.lock(modelsDir, options);
    } catch (error) {
      if (systemCodeOf(error) !== 'ELOCKED') throw error;
      await delay(LOCK_RETRY_MS, undefined, { signal });
    }
  }
}

async function removeLeftovers(modelsDir: string): Promise<void> {
  const leftovers = (await readdir(modelsDir)).filter((name) => name.startsWith(WORK_PREFIX));
  for (const name of leftovers) await rm(join(modelsDir, name), { recursive: true, force: true });
}

const lockLost = (modelsDir: string, cause: unknown): Result<never, ModelError> =>
  modelError(
    {
      code: 'MODEL_BUSY',
      where: modelsDir,
      what: 'another process is changing the models',
      fix: 'Wait until it is done, then try again.',
    },
    cause,
  );

/** Says before the work whether it can fit. */
export async function requireSpace(folder: string, neededBytes: number): Promise<Result<void, ModelError>> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return ok(undefined);
  const what = `${megabytes(neededBytes)} MB are needed, ${megabytes(freeBytes)} MB are free`;
  return modelError({ code: 'MODEL_NO_SPACE', where: folder, what, fix: 'Free space there, then try again.' });
}
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/**
 * Makes `<modelsDir>/<id>` of a finished `model.onnx` in the work folder. At no moment is there a folder with only one of
 * its files; whoever dies between the two renames leaves none, and the next pull starts again.
 */
export async function installModel({ modelsDir, workDir, signal }: Workplace, manifest: ModelManifest): Promise<void> {
  const staged = join(workDir, 'install');
  await mkdir(staged);
  await rename(join(workDir, MODEL_FILE), join(staged, MODEL_FILE));
  await writeFile(join(staged, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const path of [join(staged, MODEL_FILE), join(staged, MANIFEST_FILE), staged]) await sync(path);
  signal.throwIfAborted();
  const folder = join(modelsDir, manifest.id);
  await rename(folder, join(workDir, 'replaced')).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  });
  await rename(staged, folder);
  await sync(modelsDir);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
