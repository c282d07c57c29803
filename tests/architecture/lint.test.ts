import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { REPOSITORY, runTool } from '../support/run-tool.ts';

const SINS = join(REPOSITORY, 'tests', 'fixtures', 'lint');

/** Each planted defect, by the rule that has to find it. A rule stands as often as it must fire in the file. */
const PLANTED: readonly (readonly [file: string, rules: readonly string[]])[] = [
  ['workflows/forgets-activity.ts', ['typescript(no-floating-promises)', 'typescript(no-floating-promises)']],
  [
    'src/domain/reads-clock.ts',
    ['eslint(no-restricted-globals)', 'eslint(no-restricted-globals)', 'eslint(no-restricted-properties)'],
  ],
  ['src/runtime/forgets-case.ts', ['typescript(switch-exhaustiveness-check)']],
  ['src/runtime/loose-types.ts', ['typescript(no-explicit-any)', 'typescript(no-non-null-assertion)']],
  ['src/runtime/default-export.ts', ['import(no-default-export)']],
  ['src/runtime/five-arguments.ts', ['eslint(max-params)']],
  ['src/runtime/long-function.ts', ['eslint(max-lines-per-function)']],
  ['src/runtime/long-file.ts', ['eslint(max-lines)']],
  ['src/runtime/here.ts', ['import(no-cycle)']],
  ['src/runtime/there.ts', ['import(no-cycle)']],
];

const reportSchema = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })) });

test('the linter finds every planted defect and nothing else', async () => {
  // Given a folder that is linted by the repository's own rules
  // When
  const { stdout } = await runTool(
    join('oxlint', 'bin', 'oxlint'),
    ['--type-aware', '--config', 'lint.json', '--format', 'json', '.'],
    SINS,
  );
  // Then
  const { diagnostics } = reportSchema.parse(JSON.parse(stdout));
  const found = (file: string) => diagnostics.filter(({ filename }) => filename === file).map(({ code }) => code);
  expect(PLANTED.map(([file]) => [file, found(file).toSorted()])).toEqual(PLANTED);
  expect(diagnostics.filter(({ filename }) => !PLANTED.some(([file]) => file === filename))).toEqual([]);
});
