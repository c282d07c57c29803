import type { Result } from '../domain/result.ts';
import { EXIT } from './exit-codes.ts';

/** Ends the program with a sentence for people and a code for scripts. */
export class CliError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The value, or the end of the program in the error's own words. */
export function valueOrExit<T, E extends { readonly message: string }>(
  result: Result<T, E>,
  exitCodeOf: (error: E) => number = () => EXIT.failed,
): T {
  if (result.ok) return result.value;
  throw new CliError(result.error.message, exitCodeOf(result.error), { cause: result.error });
}
