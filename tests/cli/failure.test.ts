import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CliError } from '../../src/cli/cli-error.ts';
import { failureOf } from '../../src/cli/failure.ts';
import { EmbeddedStackError } from '../../src/embedded/stack-error.ts';

describe('what a person is told of a failure', () => {
  it('is its own sentence, and its own exit code', () => {
    // When
    const failure = failureOf(new CliError('no clip is called so', 3));
    // Then
    expect(failure).toEqual({ message: 'no clip is called so', exitCode: 3 });
  });

  it('is what the embedded servers say, without a stack', () => {
    // When
    const failure = failureOf(new EmbeddedStackError('STACK_PORT_TAKEN', 'port 5432 is taken; end what uses it'));
    // Then
    expect(failure).toEqual({ message: 'port 5432 is taken; end what uses it', exitCode: 1 });
  });

  it('of the system names the file and what to do', async () => {
    // Given a path through a file, which no account may pass
    const path = join(import.meta.filename, 'below');
    const thrown: unknown = await readFile(path).catch((error: unknown) => error);
    // When
    const { message, exitCode } = failureOf(thrown);
    // Then
    expect(message).toContain(path);
    expect(message).toMatch(/\nCorrect the path/);
    expect(message).not.toMatch(/^\s+at /m);
    expect(exitCode).toBe(1);
  });

  it('of a defect has the stack, for whoever mends it', () => {
    // When
    const { message } = failureOf(new TypeError('undefined is no function'));
    // Then
    expect(message).toMatch(/^defect: TypeError: undefined is no function\n\s+at /);
  });
});
