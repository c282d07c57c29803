import { mkdirSync, writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

/**
 * Ends the run with `N passed, N failed`. A file that cannot be loaded and an error outside a test count as one failure each,
 * a skipped test too: nothing is left out in silence.
 */
export class ClosingLineReporter implements Reporter {
  #isNarrowed = false;

  onInit(vitest: Vitest): void {
    // Whoever asks for some tests by name has left out the others on purpose.
    this.#isNarrowed = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const failing = tests.filter((test) => test.result().state === 'failed').length;
    const skipped = this.#isNarrowed ? [] : tests.filter((test) => !['passed', 'failed'].includes(test.result().state));
    const broken = modules.filter(
      (module) => !module.ok() && [...module.children.allTests()].every((test) => test.result().state === 'passed'),
    );
    for (const test of skipped) process.stdout.write(`skipped: ${test.module.relativeModuleId} > ${test.fullName}\n`);
    const failed = failing + skipped.length + broken.length + unhandledErrors.length;
    const line = `${passed} passed, ${failed} failed\n`;
    // For make, which prints it when everybody else has had a say.
    mkdirSync('.cache', { recursive: true });
    writeFileSync('.cache/closing-line', line);
    if (process.env['CLOSING_LINE'] !== 'later') process.stdout.write(line);
    // A run that counts a failure does not end with success.
    if (failed > 0) process.exitCode = 1;
  }
}
