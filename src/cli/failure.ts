import { EmbeddedStackError } from '../embedded/stack-error.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

export interface Failure {
  /** For standard error. */
  readonly message: string;
  readonly exitCode: number;
}

/** What a person is told of anything thrown. Only a defect shows its stack: everything else says what is wrong and what to do. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof CliError) return { message: thrown.message, exitCode: thrown.exitCode };
  if (thrown instanceof EmbeddedStackError) return { message: thrown.message, exitCode: EXIT.failed };
  if (!(thrown instanceof Error)) return { message: `defect: ${String(thrown)}`, exitCode: EXIT.failed };
  const fix = SYSTEM_FIXES[systemCodeOf(thrown) ?? ''];
  return { message: fix === undefined ? `defect: ${thrown.stack}` : `${thrown.message}\n${fix}`, exitCode: EXIT.failed };
}

const RIGHTS =
  'HomeSec has to be able to write there: give its account the rights, or choose another folder in the configuration.';
const PATH = 'Correct the path in the configuration or on the command line.';

/** What to do about errors of the system that an owner can bring about. */
const SYSTEM_FIXES: Readonly<Record<string, string>> = {
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  EROFS: RIGHTS,
  ENOENT: PATH,
  ENOTDIR: PATH,
  EEXIST: PATH,
  ENOSPC: 'Free space on that disk.',
  EMFILE: 'Too many files are open: raise the limit of this account (ulimit -n).',
  EADDRINUSE: 'Another program uses this port: end it, or choose another port.',
};

/** The system's own errors name the call that failed; others that carry a code are defects. */
function systemCodeOf(error: Error): string | undefined {
  return 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}
