import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { writePidFile } from '../kit/pid-file.ts';
import { endProcess, identifyProcess, type ProcessIdentity, sendSignal } from '../kit/process-identity.ts';
import { EmbeddedStackError } from './stack-error.ts';

export interface ChildSpec {
  /** Names it in messages: "postgres". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The account it runs under, where that is not the parent's. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly pidFile: string;
  /** Takes its output; the one of the start before is kept beside it as `<logFile>.1`. Left out: it writes to our own output. */
  readonly logFile?: string;
  /** The signal that asks it to end cleanly. */
  readonly stopSignal: NodeJS.Signals;
  /** How long it may take for that before it is killed. Default: 10 s. */
  readonly stopGraceMs?: number;
  /** Whether it serves. Asked again and again until it does. */
  readonly isReady: () => Promise<boolean>;
  readonly onProgress: (message: string) => void;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 10_000;
const FIRST_RESTART_MS = 250;
const LAST_RESTART_MS = 30_000;
/** A child that ran this long was healthy: its next death starts the backoff anew. */
const HEALTHY_AFTER_MS = 60_000;

const living = new Set<SupervisedChild>();
// Only a signal can be sent from here, which is enough: each child ends cleanly by itself. A parent killed by SIGKILL
// does not come past; its next start reads the pid files.
process.on('exit', () => {
  for (const child of living) child.signalStop();
});

/** One child process that is started again, with backoff and with the same arguments, whenever it ends unasked. */
export class SupervisedChild implements AsyncDisposable {
  readonly #spec: ChildSpec;
  readonly #closing = new AbortController();
  #identity: ProcessIdentity | undefined;
  #supervision: Promise<void> = Promise.resolve();
  #startedAtMs = 0;
  #restartMs = FIRST_RESTART_MS;

  private constructor(spec: ChildSpec) {
    this.#spec = spec;
  }

  /** Starts the child and waits until it serves. Throws `STACK_PART_FAILED`. */
  static async open(spec: ChildSpec): Promise<SupervisedChild> {
    const { logFile } = spec;
    if (logFile !== undefined && existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
    const child = new SupervisedChild(spec);
    living.add(child);
    const exit = child.#spawn();
    try {
      await child.#untilReady(exit);
    } catch (cause) {
      await child.close();
      throw cause;
    }
    child.#supervision = child.#supervise(exit);
    return child;
  }

  get pid(): number | undefined {
    return this.#identity?.pid;
  }

  /** Asks the child to end, without waiting. */
  signalStop(): void {
    if (this.#identity !== undefined) sendSignal(this.#identity, this.#spec.stopSignal);
  }

  /** Ends the child, by force when it takes too long, and with it the supervision. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#end();
    await this.#supervision;
    living.delete(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Resolves with the reason when the child has ended. */
  #spawn(): Promise<string> {
    const spec = this.#spec;
    const log = spec.logFile === undefined ? undefined : openSync(spec.logFile, 'a', 0o600);
    const child = spawn(spec.command, [...spec.args], {
      // A child of our own program has a channel to us; when that closes, it knows that we are gone.
      stdio: log === undefined ? ['ignore', 'inherit', 'inherit', 'ipc'] : ['ignore', log, log],
      cwd: '/',
      // A group of its own: Ctrl-C in the terminal reaches the parent alone, which ends its children last.
      detached: true,
      ...(spec.env === undefined ? {} : { env: spec.env }),
      ...spec.user,
    });
    if (log !== undefined) closeSync(log);
    this.#startedAtMs = Date.now();
    this.#identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (this.#identity !== undefined) this.#note(this.#identity);
    return new Promise((resolve) => {
      child.once('error', (cause) => resolve(cause.message));
      child.once('exit', (code, signal) => resolve(signal === null ? `code ${code}` : `signal ${signal}`));
    });
  }

  /** Only the start after a SIGKILL of ours misses it. On a full disk the child is needed all the more: uploads make room. */
  #note(identity: ProcessIdentity): void {
    try {
      writePidFile(this.#spec.pidFile, identity);
    } catch (cause) {
      this.#spec.onProgress(`runs, but cannot be noted: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }

  async #untilReady(exit: Promise<string>): Promise<void> {
    const ended = new AbortController();
    let reason: string | undefined;
    void exit.then((why) => {
      reason = why;
      ended.abort();
    });
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (reason === undefined && !this.#isClosing()) {
      if (await this.#spec.isReady()) return;
      if (Date.now() >= deadline) throw this.#failure(`did not serve within ${READY_TIMEOUT_MS / 1000} s`);
      await delay(25, undefined, { signal: ended.signal }).catch(() => undefined);
    }
    throw this.#failure(`ended while starting (${reason ?? 'asked to'})`);
  }

  #failure(what: string): EmbeddedStackError {
    const { name, logFile } = this.#spec;
    const log = logFile === undefined ? '' : ` Its log, ${logFile}, ends with:\n${lastLines(logFile)}`;
    return new EmbeddedStackError('STACK_PART_FAILED', `${name} ${what}.${log}`);
  }

  async #supervise(firstExit: Promise<string>): Promise<void> {
    let exit = firstExit;
    for (;;) {
      const reason = await exit;
      if (this.#isClosing()) return;
      await this.#pause(reason);
      if (this.#isClosing()) return;
      exit = this.#spawn();
      // A failed start is no end of the matter: the child has ended or is ended here, and the loop goes on.
      await this.#untilReady(exit).then(
        () => this.#spec.onProgress('serves again'),
        () => this.#end(),
      );
    }
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  async #pause(reason: string): Promise<void> {
    if (Date.now() - this.#startedAtMs > HEALTHY_AFTER_MS) this.#restartMs = FIRST_RESTART_MS;
    this.#spec.onProgress(`ended unasked (${reason}); starts again in ${this.#restartMs / 1000} s`);
    await delay(this.#restartMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    this.#restartMs = Math.min(this.#restartMs * 2, LAST_RESTART_MS);
  }

  async #end(): Promise<void> {
    const { stopSignal, stopGraceMs = STOP_GRACE_MS } = this.#spec;
    if (this.#identity !== undefined) await endProcess(this.#identity, { signal: stopSignal, graceMs: stopGraceMs });
    this.#identity = undefined;
    rmSync(this.#spec.pidFile, { force: true });
  }
}

function lastLines(logFile: string): string {
  if (!existsSync(logFile)) return '(empty)';
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
}
