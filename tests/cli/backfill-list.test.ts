import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { backfillWorkflowIdOf, CANCEL_UPDATE, PAUSE_UPDATE } from '../../src/domain/backfill.ts';
import { ok } from '../../src/domain/result.ts';
import { backfillProgress, backfillStates, startBackfill, updateBackfill } from '../../src/temporal/backfill.ts';
import { createTemporalClient } from '../../src/temporal/client.ts';
import { type BackfillWorld, openBackfillWorld, PLAN } from '../support/backfill-world.ts';
import { FILTER_RESULT } from '../support/clip-story.ts';
import { createConfigFolder } from '../support/config-file.ts';
import { type Gate, gate } from '../support/gate.ts';
import { homesec } from '../support/homesec.ts';
import { stack } from '../support/stack.ts';
import { waitUntil } from '../support/wait-until.ts';

let world: BackfillWorld;
let home: Awaited<ReturnType<typeof createConfigFolder>>;
beforeAll(async () => {
  [world, home] = await Promise.all([openBackfillWorld(), createConfigFolder()]);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const configAt = (namespace: string) => `version: 1
cameras:
  - name: Front door
    source: { backend: local_folder, config: { watch_dir: ./camera } }
storage: { backend: local, config: { root: ./storage } }
filter: { backend: yolo }
vlm: { run_mode: never, backend: openai, config: { base_url: "http://127.0.0.1:1", api_key_env: null, model: none } }
state_store: { dsn_env: BACKFILL_DSN }
temporal: { address: "${stack.temporalAddress}", namespace: ${namespace} }
`;

async function listed(namespace: string): Promise<Record<string, string>> {
  const config = await home.write(`${namespace}/homesec.yaml`, configAt(namespace));
  const { stdout } = await homesec(['backfill', 'list', '--json', '-c', config], { env: { BACKFILL_DSN: world.dsn } });
  const rows = JSON.parse(stdout) as readonly { readonly batch: string; readonly state: string }[];
  return Object.fromEntries(rows.map(({ batch, state }) => [batch, state]));
}

/** Starts backfills that each stand still in their second clip, which is in the detector. */
async function startFour(second: Gate): Promise<readonly [string, string, string, string]> {
  const begun = new Set<unknown>();
  world.scripts.detect = async (_camera, config) => {
    if (begun.has(Reflect.get(config, 'of'))) await second.pass();
    begun.add(Reflect.get(config, 'of'));
    return ok(FILTER_RESULT);
  };
  const start = (of: number) => world.start({ overrides: { filter: { of }, policy: {} } }, 1);
  const four = await Promise.all([start(1), start(2), start(3), start(4)]);
  await waitUntil('each has come to a clip', () => second.begun() === 4);
  return four;
}

const handleOf = (batch: string) => world.client.workflow.getHandle(backfillWorkflowIdOf(batch));

it('shows of each backfill what `status` says, also where it was ended from outside', async () => {
  // Given one that has ended, one that is called off, one that was terminated, one that pauses, and one under way after a reset
  await Promise.all([world.newClip('Yard'), world.newClip('Yard')]);
  const done = await world.start({});
  await handleOf(done).result();
  const second = gate();
  const [cancelled, stopped, paused, running] = await startFour(second);
  onTestFinished(async () => {
    second.open();
    await Promise.all([paused, running].map((batch) => handleOf(batch).terminate()));
  });
  await world.resetToBeginning(running);
  await updateBackfill(world.client, cancelled, CANCEL_UPDATE);
  await handleOf(stopped).terminate();
  await updateBackfill(world.client, paused, PAUSE_UPDATE);
  // When, a moment after the last change
  await waitUntil('the server lists it', async () => {
    const states = await backfillStates(world.client);
    return states.get(stopped) === 'stopped' && states.get(running) === 'running';
  });
  const states = await listed(world.client.options.namespace);
  // Then
  const asked = await Promise.all(
    Object.keys(states).map(async (batch) => [batch, (await backfillProgress(world.client, batch))?.state]),
  );
  expect(states).toEqual(Object.fromEntries(asked));
  expect(states).toEqual({
    ...{ [done]: 'done', [cancelled]: 'cancelled', [stopped]: 'stopped', [paused]: 'paused', [running]: 'running' },
  });
});

it('lists what is found also where nobody can tell how far it is', async () => {
  // Given three backfills; where no worker is, one is under way, one was terminated, and Temporal has forgotten the third
  const elsewhere = await stack.createNamespace();
  const client = createTemporalClient({ address: stack.temporalAddress, namespace: elsewhere });
  onTestFinished(() => client.connection.close());
  const [underWay, stopped, forgotten] = await Promise.all([world.start({}), world.start({}), world.start({})]);
  await Promise.all([underWay, stopped, forgotten].map((batch) => handleOf(batch).result()));
  await startBackfill(client, { batch: stopped, plan: PLAN, concurrency: 1 });
  await client.workflow.getHandle(backfillWorkflowIdOf(stopped)).terminate();
  await waitUntil('the server lists it', async () => (await backfillStates(client)).get(stopped) === 'stopped');
  await startBackfill(client, { batch: underWay, plan: PLAN, concurrency: 1 });
  // When
  const told = await Promise.all([listed(elsewhere), listed('not-there')]);
  // Then
  expect(told[0]).toMatchObject({ [underWay]: 'unknown', [stopped]: 'stopped', [forgotten]: 'unknown' });
  expect(told[1]).toMatchObject({ [underWay]: 'unknown', [stopped]: 'unknown', [forgotten]: 'unknown' });
});
