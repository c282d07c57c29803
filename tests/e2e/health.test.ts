import { randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Readiness } from '../../src/health/health-server.ts';
import { type Household, openHousehold } from '../support/household.ts';
import { stack, type TestDatabase } from '../support/stack.ts';
import { openTcpDoor, type TcpDoor } from '../support/tcp-door.ts';
import { waitUntil } from '../support/wait-until.ts';

/* One household, all of it encrypted, on servers that can be taken away; the tests are its life, in this order. */

const LIMIT_MS = 120_000;
/** Below what the system hands out by itself, as ports for four processes in a row have to be free. */
const BASE_PORT = randomInt(10_000, 19_000);
const PROCESSES = ['record', 'host', 'pipeline', 'gpu'] as const;
type Process = (typeof PROCESSES)[number];

let temporal: TcpDoor;
let postgres: TcpDoor;
let database: TestDatabase;
let house: Household;
beforeAll(async () => {
  temporal = await openTcpDoor(Number(stack.temporalAddress.split(':')[1]));
  database = await stack.createDatabase();
  const dsn = new URL(database.dsn);
  postgres = await openTcpDoor(Number(dsn.port));
  dsn.port = String(postgres.port);
  house = await openHousehold({
    config: {
      temporal: {
        address: `127.0.0.1:${temporal.port}`,
        namespace: await stack.createNamespace(),
        encryption: { keys: [{ key_env: 'HEALTH_KEY' }] },
      },
      state_store: { dsn_env: 'HEALTH_DSN' },
      health: { listen: `127.0.0.1:${BASE_PORT}` },
    },
    env: { HEALTH_DSN: dsn.href, HEALTH_KEY: randomBytes(32).toString('base64') },
  });
  house.start();
}, LIMIT_MS);
afterAll(async () => {
  await house?.[Symbol.asyncDispose]();
  await Promise.all([temporal[Symbol.asyncDispose](), postgres[Symbol.asyncDispose]()]);
  await database.drop();
});

const ask = (process: Process, path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${BASE_PORT + PROCESSES.indexOf(process)}${path}`);

async function readinessOf(process: Process): Promise<Readiness & { readonly code: number }> {
  const response = await ask(process, '/health/ready');
  return { code: response.status, ...((await response.json()) as Readiness) };
}

const becomes = (process: Process, status: Readiness['status']): Promise<void> =>
  waitUntil(
    `${process} to be ${status}`,
    async () => (await readinessOf(process).catch(() => undefined))?.status === status,
    LIMIT_MS,
  );

/** A process's figures by name with labels. */
async function figuresOf(process: Process): Promise<ReadonlyMap<string, number>> {
  const text = await (await ask(process, '/metrics')).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

it('each process tells that it is well, and what it has done', { timeout: LIMIT_MS }, async () => {
  // Given
  for (const process of PROCESSES) await becomes(process, 'good');
  // When
  await house.dropClip('visit.mp4');
  await waitUntil('an alert', async () => (await house.alerts()).length > 0, LIMIT_MS);
  await waitUntil('the end of the clip', async () => (await house.openClips()) === 0, LIMIT_MS);
  // Then
  const [record, host, pipeline, gpu] = await Promise.all(PROCESSES.map(figuresOf));
  expect(record?.get('homesec_clips_sealed_total{camera="Front door"}')).toBe(1);
  expect(record?.get('homesec_camera_online{camera="Front door"}')).toBe(1);
  expect(record?.get('homesec_spool_open_clips')).toBe(0);
  expect(host?.get('homesec_clips_handed_over_total')).toBe(1);
  expect(host?.get('homesec_uploaded_bytes_total')).toBeGreaterThan(1_000);
  expect(gpu?.get('homesec_activity_attempts_total{activity="detectObjects",outcome="ok"}')).toBe(1);
  expect(pipeline?.get('homesec_notifications_total{channel="phone",outcome="ok"}')).toBeGreaterThan(0);
  // The SDK's own, in the same answer.
  expect(
    [...(pipeline?.keys() ?? [])].filter((name) => name.startsWith('temporal_workflow_task_queue_poll_succeed_total')),
  ).not.toEqual([]);
  for (const process of PROCESSES) expect((await ask(process, '/health/live')).status).toBe(200);
});

it('without Temporal workers are not ready, and say why; the recorder does not care', { timeout: LIMIT_MS }, async () => {
  // When
  await temporal.shut();
  for (const process of ['host', 'pipeline', 'gpu'] as const) await becomes(process, 'bad');
  const [record, pipeline] = [await readinessOf('record'), await readinessOf('pipeline')];
  const alive = await ask('pipeline', '/health/live');
  await temporal.open();
  // Then
  expect(record).toMatchObject({ code: 200, status: 'good', process: 'record' });
  expect(pipeline).toMatchObject({ code: 503, process: 'worker pipeline' });
  const broken = pipeline.findings.filter(({ state }) => state === 'bad');
  expect(broken.map(({ what }) => what)).toContain('queue homesec (workflow)');
  expect(broken[0]?.message).toMatch(/Temporal does not answer: /);
  expect(alive.status).toBe(200);
  for (const process of PROCESSES) await becomes(process, 'good');
});

it('without Postgres the pipeline is ready, and names it', { timeout: LIMIT_MS }, async () => {
  // When
  await postgres.shut();
  const pipeline = await readinessOf('pipeline');
  // Then
  expect(pipeline).toMatchObject({ code: 200, status: 'attention' });
  expect(pipeline.findings.filter(({ state }) => state !== 'good')).toMatchObject([{ what: 'Postgres' }]);
});
