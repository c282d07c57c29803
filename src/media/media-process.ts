import { type ChildProcess, spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';

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
}

export interface MediaCommand {
  readonly tool: MediaTool;
  readonly args: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Killed when it takes longer. For jobs whose length does not depend on a slow reader. */
  readonly timeoutMs?: number;
  /** Sees each stderr line; answers true when the line is data and no complaint. */
  readonly onLine?: (line: string) => boolean;
}

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
  const child = spawn(command.tool, command.args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  let killed = false;
  const kill = (): void => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    killed = true;
    killGroup(child);
  };
  const complaint = collectComplaint(child.stderr, command.onLine);
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
      resolve({ code, killed, complaint: complaint(), ...(startError === undefined ? {} : { startError }) });
    }
  });
  // Node throws away what nobody has begun to read when the process ends; a stream of our own keeps it for a late reader.
  const stdout = child.stdout.pipe(new PassThrough());
  child.once('exit', () => {
    if (!killed) return;
    // Nobody may ever read the rest, and until then the process would not count as ended.
    child.stdout.unpipe(stdout).destroy();
    stdout.end();
  });
  return { stdout, ended, kill };
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
  let rest = '';
  const take = (line: string): void => {
    if (line.trim() === '' || onLine?.(line)) return;
    tail = `${tail}${line}\n`.slice(-COMPLAINT_CHARS);
  };
  stderr.setEncoding('utf8');
  stderr.on('data', (text: string) => {
    const lines = (rest + text).split(/[\r\n]/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  stderr.on('end', () => take(rest));
  return () => tail.trim();
}
