import { afterAll, beforeAll, expect, it } from 'vitest';
import { createConfigFolder, SHORTEST_CONFIG } from '../support/config-file.ts';
import { homesec } from '../support/homesec.ts';
import { stack } from '../support/stack.ts';

let home: Awaited<ReturnType<typeof createConfigFolder>>;
beforeAll(async () => {
  home = await createConfigFolder();
});
afterAll(() => home[Symbol.asyncDispose]());

it('all workers serve under `node --watch`, as `make dev` runs them', async () => {
  // Given a household on servers that are there already
  const database = await stack.createDatabase();
  const config = await home.write(
    'homesec.yaml',
    `${SHORTEST_CONFIG}state_store: { dsn_env: TEST_DSN }
temporal: { address: "${stack.temporalAddress}", namespace: ${await stack.createNamespace()} }
`,
  );
  // When it runs with what `--watch` puts into its environment
  const run = await homesec(['run', '-c', config], {
    env: { WATCH_REPORT_DEPENDENCIES: '1', TEST_DSN: database.dsn, HOMESEC_MQTT_URL: stack.mqttUrl },
    endWith: { signal: 'SIGTERM', after: '"queues":["homesec"]' },
    limitMs: 110_000,
  });
  await database.drop();
  // Then the worker of workflows has come up, at the first go
  expect(run.stdout).not.toContain('ended unasked');
  expect(run.exitCode).toBe(0);
}, 120_000);
