import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import type { Clip } from '../src/domain/clip.ts';
import { systemClock } from '../src/kit/clock.ts';
import { createLogger } from '../src/kit/logger.ts';
import { openSpool } from '../src/spool/spool.ts';

/** `homesec record` as its owner starts it, in a folder that goes afterwards. */
export interface BenchRecorder extends AsyncDisposable {
  readonly pid: number;
  /** Starts it; it must not be running. @returns when, by `performance.now()`. */
  start(): number;
  /** SIGKILL, to it alone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when so many log lines since the start are of this kind; with the time of the last of them, by `performance.now()`. */
  said(kind: RegExp, times?: number): Promise<number>;
  /** Forgets the lines so far. */
  forget(): void;
  clips(): Promise<Clip[]>;
}

export interface BenchCamera {
  readonly name: string;
  /** Of the rtsp source. */
  readonly config: object;
}

const MAIN = join(import.meta.dirname, '../src/cli/main.ts');
const LIMIT_MS = 60_000;

interface Line {
  readonly text: string;
  readonly atMs: number;
}

export async function openBenchRecorder(cameras: readonly BenchCamera[]): Promise<BenchRecorder> {
  const dir = await mkdtemp(join(tmpdir(), 'homesec-bench-'));
  await writeFile(join(dir, 'homesec.yaml'), stringify(configuration(dir, cameras)), { mode: 0o600 });
  let child: ChildProcess | undefined;
  let lines: Line[] = [];
  let heard = Promise.withResolvers<void>();
  const hear = (text: string): void => {
    lines.push({ text, atMs: performance.now() });
    heard.resolve();
    heard = Promise.withResolvers();
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  const recorder: BenchRecorder = {
    get pid() {
      return child?.pid ?? 0;
    },
    start() {
      const startedAt = performance.now();
      const args = [MAIN, 'record', '--log-level', 'debug', '--config', join(dir, 'homesec.yaml')];
      const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      child = started;
      for (const input of [started.stdout, started.stderr]) createInterface({ input }).on('line', hear);
      return startedAt;
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async said(kind, times = 1) {
      const late = AbortSignal.timeout(LIMIT_MS);
      const isLate = new Promise<void>((resolve) => late.addEventListener('abort', () => resolve(), { once: true }));
      for (;;) {
        const found = lines.filter(({ text }) => kind.test(text)).at(times - 1);
        if (found !== undefined) return found.atMs;
        if (late.aborted) throw new Error(`${kind} was not said:\n${lines.map(({ text }) => text).join('\n')}`);
        await Promise.race([heard.promise, isLate]);
      }
    },
    forget() {
      lines = [];
    },
    clips: () => clipsIn(join(dir, 'data', 'spool')),
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      await rm(dir, { recursive: true, force: true });
    },
  };
  return recorder;
}

function configuration(dir: string, cameras: readonly BenchCamera[]): object {
  const trivial = { backend: 'bench' };
  return {
    version: 1,
    data_dir: './data',
    plugins: [`./${relative(dir, join(import.meta.dirname, 'trivial-plugins.ts'))}`],
    cameras: cameras.map(({ name, config }) => ({ name, source: { backend: 'rtsp', config } })),
    storage: trivial,
    filter: trivial,
    vlm: { ...trivial, run_mode: 'trigger_only', trigger_classes: ['person'] },
    notifiers: [{ name: 'phone', ...trivial }],
  };
}

async function clipsIn(dir: string): Promise<Clip[]> {
  const logger = createLogger({ level: 'error' });
  const spool = await openSpool({ dir, role: 'observer', clock: systemClock, logger });
  if (!spool.ok) throw new Error(spool.error.message);
  try {
    return await spool.value.openClips();
  } finally {
    await spool.value.close();
  }
}
