import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY, runTool } from '../support/run-tool.ts';

const TSC = join('typescript', 'bin', 'tsc');

test('the compiler refuses everything of Node in the pure zone', async () => {
  // Given files that reach for the process, bytes, the disk and a timer, and one that does not
  const project = join(REPOSITORY, 'tests', 'fixtures', 'pure', 'tsconfig.json');
  // When
  const { exitCode, output } = await runTool(TSC, ['--pretty', 'false', '-p', project]);
  // Then
  expect(exitCode).not.toBe(0);
  expect(output).toMatch(/reads-environment\.ts.*'process'/);
  expect(output).toMatch(/makes-bytes\.ts.*'Buffer'/);
  expect(output).toMatch(/reads-disk\.ts.*'node:fs'/);
  expect(output).toMatch(/waits\.ts.*'setTimeout'/);
  expect(output).not.toContain('innocent.ts');
});

test('the real pure zone compiles without Node', async () => {
  // Given
  const project = join(REPOSITORY, 'tsconfig.pure.json');
  // When
  const { exitCode, output } = await runTool(TSC, ['--pretty', 'false', '--listFilesOnly', '-p', project]);
  const compiled = await runTool(TSC, ['--pretty', 'false', '-p', project]);
  // Then
  expect(compiled.output).toBe('');
  expect(compiled.exitCode).toBe(0);
  // The zone is not empty, and no types of Node came in through a package.
  expect(exitCode).toBe(0);
  expect(output).toContain('workflows/process-clip.ts');
  expect(output).not.toContain('@types/node');
});
