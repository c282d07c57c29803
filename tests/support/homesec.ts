import { spawn } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from './run-tool.ts';

export const HOMESEC = join(REPOSITORY, 'src/cli/main.ts');

export interface CommandRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Added to the environment; undefined takes a variable out. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Sent as soon as the output has these words. */
  readonly endWith?: { readonly signal: NodeJS.Signals; readonly after: string };
  readonly limitMs?: number;
}

/** Runs a verb of `homesec` to its end, as a script would: no terminal, no input. Fails when it does not end. */
export function homesec(args: readonly string[], options: CommandOptions = {}): Promise<CommandRun> {
  const { env = {}, cwd = tmpdir(), endWith, limitMs = 120_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [HOMESEC, ...args], {
      cwd,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    let hasEnded = false;
    const take = (stream: 'stdout' | 'stderr') => (text: string) => {
      output[stream] += text;
      if (endWith === undefined || hasEnded || !(output.stdout + output.stderr).includes(endWith.after)) return;
      hasEnded = true;
      child.kill(endWith.signal);
    };
    child.stdout.setEncoding('utf8').on('data', take('stdout'));
    child.stderr.setEncoding('utf8').on('data', take('stderr'));
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`homesec ${args.join(' ')} did not end within ${limitMs} ms:\n${output.stdout}\n${output.stderr}`));
    }, limitMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      if (code === null) reject(new Error(`homesec ${args.join(' ')} was ended by ${signal}`));
      else resolve({ exitCode: code, ...output });
    });
  });
}

/** Living processes that work in a folder or name it, and whose command line has some words: their pids. Linux only, as are these tests. */
export async function processesIn(dir: string, words = ''): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const found = await Promise.all(pids.map(async (pid) => ((await isIn(pid, dir, words)) ? [pid] : [])));
  return found.flat();
}

async function isIn(pid: number, dir: string, words: string): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) return false;
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
    const places = [commandLine, await readlink(`/proc/${pid}/cwd`)];
    return commandLine.includes(words) && places.some((place) => place.includes(dir));
  } catch {
    // It ended while we looked.
    return false;
  }
}
