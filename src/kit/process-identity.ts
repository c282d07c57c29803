import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process and when it started: a pid alone may belong to a stranger by the time it is read again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal for the same process only, also across reboots. */
  readonly startMark: string;
}

/** The process that has this pid now; undefined when there is none, or only its zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startMark = process.platform === 'linux' ? linuxStartMark(pid) : psStartMark(pid);
  return startMark === undefined ? undefined : { pid, startMark };
}

export const isAlive = (identity: ProcessIdentity): boolean => identifyProcess(identity.pid)?.startMark === identity.startMark;

export interface EndOptions {
  readonly signal: NodeJS.Signals;
  /** How long the process may take before it is killed. */
  readonly graceMs: number;
}

/** Ends exactly this process: asks, waits, kills. A process that only shares its pid is left alone. */
export async function endProcess(identity: ProcessIdentity, options: EndOptions): Promise<void> {
  sendSignal(identity, options.signal);
  if (await isGoneWithin(identity, options.graceMs)) return;
  sendSignal(identity, 'SIGKILL');
  await isGoneWithin(identity, 5_000);
}

/** Sends a signal if the process is still the same one. */
export function sendSignal(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (cause) {
    if (!isErrno(cause, 'ESRCH')) throw cause;
  }
}

async function isGoneWithin(identity: ProcessIdentity, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (isAlive(identity)) {
    if (Date.now() >= deadline) return false;
    await delay(20);
  }
  return true;
}

/** proc(5): field 22 of `stat` is the start time in ticks since boot, so the boot's id belongs to it; field 3 is the state. */
function linuxStartMark(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the program's name in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}:${fields[19] ?? ''}`;
}

function psStartMark(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', TZ: 'UTC' },
    }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    // ps ends with 1 when there is no such process.
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    // ESRCH: the process ended between open and read.
    if (isErrno(cause, 'ENOENT') || isErrno(cause, 'ESRCH')) return undefined;
    throw cause;
  }
}

const isErrno = (cause: unknown, code: string): boolean => cause instanceof Error && 'code' in cause && cause.code === code;
