import { execFile } from 'node:child_process';
import { join } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '..', '..');

export interface ToolRun {
  readonly exitCode: number;
  /** What it printed to stdout and stderr, in that order. */
  readonly output: string;
  readonly stdout: string;
}

/**
 * Runs a command line tool of the development packages to its end, with this Node.
 * @param script below `node_modules`.
 */
export function runTool(script: string, args: readonly string[], cwd = REPOSITORY): Promise<ToolRun> {
  const command = [join(REPOSITORY, 'node_modules', script), ...args];
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, command, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      // Tools tell of findings by their exit code; anything else is a failure to run at all.
      if (error !== null && typeof error.code !== 'number') reject(new Error(`cannot run ${script}`, { cause: error }));
      else resolve({ exitCode: child.exitCode ?? 0, output: stdout + stderr, stdout });
    });
  });
}
