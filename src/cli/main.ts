#!/usr/bin/env node
import { argv } from 'node:process';
import { CommanderError } from 'commander';
import { redactCredentials } from '../kit/redact.ts';
import { EXIT } from './exit-codes.ts';
import { failureOf } from './failure.ts';
import { createProgram } from './program.ts';

// A reader that has seen enough (`homesec clips list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
try {
  const program = await createProgram(argv);
  await program.parseAsync(argv);
} catch (error) {
  process.exitCode = report(error);
}

/** @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { message, exitCode } = failureOf(error);
  process.stderr.write(`${redactCredentials(message)}\n`);
  return exitCode;
}
