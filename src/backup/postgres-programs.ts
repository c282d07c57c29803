import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { err, ok, type Result } from '../domain/result.ts';
import { type BackupError, backupError } from './backup-error.ts';

type Program = 'pg_dump' | 'pg_restore';

export interface ProgramRun {
  /** An aborted run rejects with the signal's reason, once the program is gone. */
  readonly signal: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  /** Called every few seconds while it runs. */
  readonly onAlive?: () => void;
}

/** Postgres' own programs, of one major. */
export interface PostgresPrograms {
  /** Runs one to its end. @returns what it said, the last 100,000 characters of that; what it complained of when it failed. */
  run(program: Program, args: readonly string[], run: ProgramRun): Promise<Result<string, string>>;
}

/** Where Debian, Homebrew on both kinds of Macs, and Postgres' own installers have them. */
const foldersOf = (major: number): string[] => [
  `/usr/lib/postgresql/${major}/bin`,
  `/opt/homebrew/opt/postgresql@${major}/bin`,
  `/usr/local/opt/postgresql@${major}/bin`,
  `/usr/pgsql-${major}/bin`,
];

/**
 * Finds the programs of exactly the server's major: an older pg_dump refuses, and what a newer one writes an older server may not
 * take back.
 */
export async function findPostgresPrograms(
  major: number,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Result<PostgresPrograms, BackupError>> {
  const folders = [...foldersOf(major), ...(environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')];
  for (const folder of folders) {
    const majors = await Promise.all((['pg_dump', 'pg_restore'] as const).map((program) => majorOf(join(folder, program))));
    if (majors.every((found) => found === major))
      return ok({ run: (program, args, run) => runToEnd(join(folder, program), args, run) });
  }
  const install = `install them: apt-get install postgresql-client-${major}, or brew install postgresql@${major}`;
  return err(backupError('BACKUP_TOOL_MISSING', `pg_dump and pg_restore of Postgres ${major} are not here; ${install}`));
}

/** Undefined where there is no such program. */
async function majorOf(path: string): Promise<number | undefined> {
  const said = await outputOf(path, ['--version'], { signal: AbortSignal.timeout(10_000), environment: process.env }).catch(
    () => undefined,
  );
  const major = said?.exitCode === 0 ? /\(PostgreSQL\) (\d+)/.exec(said.stdout)?.[1] : undefined;
  return major === undefined ? undefined : Number(major);
}

async function runToEnd(path: string, args: readonly string[], run: ProgramRun): Promise<Result<string, string>> {
  const { exitCode, stdout, stderr } = await outputOf(path, args, run);
  return exitCode === 0 ? ok(stdout) : err(stderr.trim().slice(-1_000) || `ended with ${exitCode}`);
}

interface Output {
  /** A signal where something else than we ended it. */
  readonly exitCode: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

const ALIVE_EVERY_MS = 5_000;
const KILL_AFTER_MS = 5_000;
const KEPT_OUTPUT_CHARS = 100_000;

function outputOf(path: string, args: readonly string[], { signal, environment, onAlive }: ProgramRun): Promise<Output> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(path, [...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] = (said[stream] + text).slice(-KEPT_OUTPUT_CHARS);
      });
    }
    const alive = setInterval(() => onAlive?.(), ALIVE_EVERY_MS);
    let force: NodeJS.Timeout | undefined;
    const end = () => {
      child.kill('SIGTERM');
      force = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    };
    signal.addEventListener('abort', end, { once: true });
    const settle = () => {
      clearInterval(alive);
      clearTimeout(force);
      signal.removeEventListener('abort', end);
    };
    child.once('error', (cause) => {
      settle();
      reject(cause);
    });
    child.once('close', (code, endedBy) => {
      settle();
      if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      else resolve({ exitCode: code ?? endedBy ?? 'SIGKILL', ...said });
    });
  });
}
