import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Runs vitest on one file of this text; its exit code and the last line that it printed. */
function run(
  testFile: string,
  ...flags: readonly string[]
): { readonly code: number | null; readonly lastLine: string | undefined } {
  mkdirSync('.cache', { recursive: true });
  const folder = mkdtempSync(join('.cache', 'closing-line-test-'));
  try {
    const reporter = resolve('tests/support/closing-line-reporter.ts');
    writeFileSync(join(folder, 'planted.test.ts'), `import { afterAll, it } from 'vitest';\n${testFile}\n`);
    writeFileSync(
      join(folder, 'vitest.config.ts'),
      `import { ClosingLineReporter } from '${reporter}';\nexport default { test: { pool: 'forks', reporters: ['default', new ClosingLineReporter()] } };\n`,
    );
    const vitest = resolve('node_modules/vitest/vitest.mjs');
    const ran = spawnSync(process.execPath, [vitest, 'run', ...flags], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    return { code: ran.status, lastLine: ran.stdout.trimEnd().split('\n').at(-1) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the closing line', () => {
  it.each([
    ['tests that pass', `it('a', () => undefined); it('b', () => undefined);`, { code: 0, lastLine: '2 passed, 0 failed' }],
    [
      'a test that fails',
      `it('a', () => undefined); it('b', () => { throw new Error('b'); });`,
      { code: 1, lastLine: '1 passed, 1 failed' },
    ],
    [
      'a test that is skipped',
      `it('a', () => undefined); it.skip('b', () => undefined);`,
      { code: 1, lastLine: '1 passed, 1 failed' },
    ],
    ['a file that cannot be loaded', `throw new Error('load');`, { code: 1, lastLine: '0 passed, 1 failed' }],
    [
      'a clean-up that fails',
      `it('a', () => undefined); afterAll(() => { throw new Error('after'); });`,
      { code: 1, lastLine: '1 passed, 1 failed' },
    ],
    [
      'an error that nobody catches',
      `it('a', () => { void Promise.reject(new Error('lost')); });`,
      { code: 1, lastLine: '1 passed, 1 failed' },
    ],
  ])('counts %s', (_what, testFile, expected) => {
    // Given
    const planted = testFile;
    // When
    const result = run(planted);
    // Then
    expect(result).toEqual(expected);
  });

  it('does not count what was left out by name', () => {
    // Given
    const planted = `it('wanted', () => undefined); it('other', () => { throw new Error('other'); });`;
    // When
    const result = run(planted, '-t', 'wanted');
    // Then
    expect(result).toEqual({ code: 0, lastLine: '1 passed, 0 failed' });
  });
});
