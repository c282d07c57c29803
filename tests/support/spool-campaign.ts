import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildTask } from './spool-child.ts';

const CHILD = join(import.meta.dirname, 'spool-child.ts');

export interface ChildRun {
  readonly process: ChildProcess;
  /** How it ended: `0` when it finished everything, `SIGKILL` when it died. */
  readonly ended: Promise<string>;
  /** What it logged so far. */
  output(): string;
}

/** @param shell what the shell runs first, such as `ulimit`. */
export function startChild(task: ChildTask, shell = 'true'): ChildRun {
  const child = spawn('bash', ['-c', `${shell}; exec "$0" "$@"`, process.execPath, CHILD, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Many short lives of the same program: compiling it once halves each.
    env: { ...process.env, NODE_COMPILE_CACHE: join(task.dir, '..', 'compile-cache') },
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => {
    if (signal === null && code !== 0) throw new Error(`the child failed with ${String(code)}: ${output}`);
    return String(signal ?? code);
  });
  return { process: child, ended, output: () => output };
}

/** A folder with video files in `watch/`, the spool and the stand-in for the workflow service beside it. */
export async function newScene(parent: string, video: string, names: readonly string[]): Promise<string> {
  const dir = await mkdtemp(join(parent, 'scene-'));
  await mkdir(join(dir, 'watch'));
  for (const name of names) await cp(video, join(dir, 'watch', name), { preserveTimestamps: true });
  return dir;
}

/** What is left when all is done, for comparing with what ought to be. */
export interface Aftermath {
  readonly workflows: number;
  readonly finished: number;
  readonly open: number;
  readonly sealing: number;
  readonly moving: number;
  readonly broken: number;
  /** Hashes of the bytes that the spool keeps. */
  readonly kept: readonly string[];
}

export async function aftermathOf(dir: string): Promise<Aftermath> {
  const spool = join(dir, 'spool');
  const count = async (folder: string): Promise<number> => (await readdir(folder)).length;
  const ledgers = await Promise.all(
    (await readdir(join(spool, 'finished'))).map((name) => readFile(join(spool, 'finished', name), 'utf8')),
  );
  const finished = ledgers.flatMap((text) => text.split('\n')).filter((line) => line !== '');
  const media = await readdir(join(spool, 'media'));
  return {
    workflows: await count(join(dir, 'workflows')).catch(() => 0),
    finished: finished.length,
    open: await count(join(spool, 'open')),
    sealing: await count(join(spool, 'sealing')),
    moving: (await count(join(spool, 'moving', 'recorder'))) + (await count(join(spool, 'moving', 'handover'))),
    broken: await count(join(spool, 'broken')),
    kept: await Promise.all(media.map(async (name) => sha256Of(join(spool, 'media', name)))),
  };
}

export const sha256Of = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
