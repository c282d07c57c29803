import { defineConfig } from 'vitest/config';

process.env['HOMESEC_TEST_STACK'] = 'compose';

/**
 * `make stack E2E=1`: a household on docker-compose.yml, and the tests of workflows on its servers instead of the embedded ones. Outside of
 * `make check`, since building Temporal's server takes minutes.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    include: ['tests/stack/*.stack.ts', 'tests/workflow/**/*.test.ts'],
    env: { TZ: 'Europe/Berlin' },
    globalSetup: ['tests/support/stack-door.ts'],
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
});
