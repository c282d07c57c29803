import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './tests/support/closing-line-reporter.ts';
import { LongFilesFirst } from './tests/support/long-files-first.ts';

export default defineConfig({
  test: {
    // Threads crash the native bridge of Temporal's SDK.
    pool: 'forks',
    // Most files wait for a server or a process most of the time: one for each core leaves half of a small machine idle.
    maxWorkers: 3,
    sequence: { sequencer: LongFilesFirst },
    // `make histories` runs the recorders instead.
    include: [process.env['HOMESEC_RECORD_HISTORIES'] === undefined ? 'tests/**/*.test.ts' : 'tests/replay/record-*.ts'],
    exclude: ['tests/fixtures/**', 'node_modules/**'],
    env: {
      // A zone with daylight saving, so that local time is never mistaken for UTC.
      TZ: 'Europe/Berlin',
      // Of the processes that tests start: spares each of them a third of its start.
      NODE_COMPILE_CACHE: join(import.meta.dirname, '.cache', 'node-compile'),
    },
    globalSetup: ['tests/support/stack-door.ts'],
    reporters: ['default', new ClosingLineReporter()],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
