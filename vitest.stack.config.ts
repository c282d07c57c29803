import { defineConfig } from 'vitest/config';

/** `make stack E2E=1`: outside of `make check`, since building Temporal's server takes minutes. */
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['tests/stack/*.stack.ts'],
    env: { TZ: 'Europe/Berlin' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
