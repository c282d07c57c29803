import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { writePidFile } from '../kit/pid-file.ts';
import { identifyProcess } from '../kit/process-identity.ts';

export type MediaTool = 'ffmpeg' | 'ffprobe';

/** How a media process ended. A tool that could not be started at all has `startError`. */
export interface MediaExit {
  readonly code: number | null;
  readonly killed: boolean;
  /** The last lines that it wrote on stderr, at most 4 KiB. */
  readonly complaint: string;
  readonly startError?: Error;
}

export interface MediaProcess {
  readonly stdout: Readable;
  readonly ended: Promise<MediaExit>;
  kill(): void;
  /** Asks it to finish its files; asked twice, since one that waits for its input does not hear the first; then kills it. */
  stop(): Promise<MediaExit>;
}

export interface MediaCommand {
  readonly tool: MediaTool;
  readonly args: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Killed when it takes longer. For jobs whose length does not depend on a slow reader. */
  readonly timeoutMs?: number;
  /** Sees each stderr line; answers true when the line is data and no complaint. */
  readonly onLine?: (line: string) => boolean;
  /** Sees each line that it writes to `pipe:3`. */
  readonly onSideLine?: (line: string) => void;
  /** Names the process while it lives, so that a start after our own SIGKILL can end it (`endLeftovers`). */
  readonly pidFile?: string;
}

const ASK_AGAIN_AFTER_MS = 1_000;
const KILL_AFTER_MS = 3_000;

const COMPLAINT_CHARS = 4096;
const living = new Set<ChildProcess>();
let watchesExit = false;

/** How many media processes run now; for health and for tests that nothing is left over. */
export const livingMediaProcesses = (): number => living.size;

/**
 * Starts ffmpeg or ffprobe in a process group of its own, so that a Ctrl-C meant for us lets it finish its file and killing
 * it takes everything it started. It ends with the signal, with `kill()`, with this process, or by itself.
 */
export function startMedia(command: MediaCommand): MediaProcess {
  const sidePipe = command.onSideLine === undefined ? [] : (['pipe'] as const);
  const child = spawn(command.tool, command.args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...sidePipe],
    windowsHide: true,
  });
  note(child, command.pidFile);
  let killed = false;
  const kill = (): void => {
    killed = true;
    if (child.exitCode === null && child.signalCode === null) killGroup(child);
    else letGo();
  };
  const { stdout: output, stderr } = child;
  // The types know streams that may be missing; with these settings none is.
  if (output === null || stderr === null) throw new Error('a media process without pipes');
  const complaint = collectComplaint(stderr, command.onLine);
  const side = child.stdio[3];
  if (side instanceof Readable && command.onSideLine !== undefined) eachLine(side, command.onSideLine);
  const stopWatching = killOn(command, kill);
  keep(child);
  const ended = new Promise<MediaExit>((resolve) => {
    let startError: Error | undefined;
    child.on('error', (error) => {
      startError = error;
      if (child.pid === undefined) finish(null);
    });
    child.on('close', (code) => finish(code));
    function finish(code: number | null): void {
      stopWatching();
      living.delete(child);
      const { pidFile } = command;
      if (pidFile !== undefined) quietly(() => rmSync(pidFile, { force: true }));
      resolve({ code, killed, complaint: complaint(), ...(startError === undefined ? {} : { startError }) });
    }
  });
  // Node throws away what nobody has begun to read when the process ends; a stream of our own keeps it for a late reader.
  const stdout = output.pipe(new PassThrough());
  /** Nobody may ever read the rest, and until then the process would not count as ended. */
  const letGo = (): void => {
    output.unpipe(stdout).destroy();
    stdout.end();
  };
  child.once('exit', () => {
    if (killed) letGo();
  });
  return { stdout, ended, kill, stop: () => stop(child, ended, kill) };
}

async function stop(child: ChildProcess, ended: Promise<MediaExit>, kill: () => void): Promise<MediaExit> {
  const ask = (): void => void child.kill('SIGINT');
  ask();
  const timers = [setTimeout(ask, ASK_AGAIN_AFTER_MS), setTimeout(kill, KILL_AFTER_MS)];
  const exit = await ended;
  for (const timer of timers) clearTimeout(timer);
  return exit;
}

function note(child: ChildProcess, pidFile: string | undefined): void {
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  if (pidFile !== undefined && identity !== undefined) quietly(() => writePidFile(pidFile, identity));
}

/** A pid file serves only a start after a kill: a disk that takes no more must not end what runs. */
function quietly(touchDisk: () => void): void {
  try {
    touchDisk();
  } catch {
    // The next start then finds this process no more, or one that is not there.
  }
}

/** Runs to the end and answers with all of stdout. */
export async function runMedia(command: MediaCommand): Promise<MediaExit & { readonly output: Buffer }> {
  const running = startMedia(command);
  const chunks: Buffer[] = [];
  running.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const exit = await running.ended;
  return { ...exit, output: Buffer.concat(chunks) };
}

function keep(child: ChildProcess): void {
  living.add(child);
  if (watchesExit) return;
  watchesExit = true;
  process.on('exit', () => {
    for (const left of living) killGroup(left);
  });
}

/** Puts a child that another library started under the same care; settles when it has ended. */
export function adoptMedia(child: ChildProcess): Promise<void> {
  keep(child);
  return new Promise((resolve) => {
    child.on('close', () => {
      living.delete(child);
      resolve();
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // No group of its own, or gone already.
    child.kill('SIGKILL');
  }
}

function killOn(command: MediaCommand, kill: () => void): () => void {
  const { signal, timeoutMs } = command;
  const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs);
  if (signal?.aborted) kill();
  signal?.addEventListener('abort', kill, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
  };
}

function collectComplaint(stderr: Readable, onLine: MediaCommand['onLine']): () => string {
  let tail = '';
  eachLine(stderr, (line) => {
    if (line.trim() === '' || onLine?.(line)) return;
    tail = `${tail}${line}\n`.slice(-COMPLAINT_CHARS);
  });
  return () => tail.trim();
}

function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  stream.on('end', () => take(rest));
}
