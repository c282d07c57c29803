/**
 * The run's real Postgres, Temporal and MQTT broker.
 *
 *   import { stack } from '../support/stack.ts';
 *
 * Importing it starts the stack (once per vitest run, 2 s; later files get it at once) and ends it with the run. Files run in
 * parallel on the same stack, so each takes what is its own:
 * - a database: `const database = await stack.createDatabase()`, and `await database.drop()` in `afterAll`;
 * - a Temporal namespace with the search attributes: `await stack.createNamespace()` (it goes with the run);
 * - names for queues, topics and workflow ids: `stack.uniqueName('clips')`.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { z } from 'zod';
import { setupTemporal } from '../../src/temporal/setup.ts';

export interface TestDatabase {
  readonly dsn: string;
  drop(): Promise<void>;
}

export interface TestStack {
  /** `host:port` */
  readonly temporalAddress: string;
  readonly temporalUiUrl: string;
  /** The superuser's, on a database that no test writes to. */
  readonly postgresDsn: string;
  readonly mqttUrl: string;
  /** An empty database. `drop` ends whoever is still connected. */
  createDatabase(): Promise<TestDatabase>;
  /** A namespace of one's own, ready for use. */
  createNamespace(): Promise<string>;
  uniqueName(stem: string): string;
}

const endpointsSchema = z.object({
  temporalAddress: z.string(),
  temporalUiUrl: z.string(),
  postgresDsn: z.string(),
  mqttUrl: z.string(),
});

export const stack: TestStack = await openStack();

async function openStack(): Promise<TestStack> {
  const response = await fetch(inject('stackDoor'));
  const text = await response.text();
  if (!response.ok) throw new Error(`the test stack did not start: ${text}`);
  const endpoints = endpointsSchema.parse(JSON.parse(text));
  return {
    ...endpoints,
    createDatabase: () => createDatabase(endpoints.postgresDsn),
    createNamespace: () => createNamespace(endpoints.temporalAddress),
    uniqueName,
  };
}

function uniqueName(stem: string): string {
  return `${stem}-${randomBytes(4).toString('hex')}`;
}

async function createDatabase(adminDsn: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await execute(adminDsn, `create database ${name}`);
  const dsn = new URL(adminDsn);
  dsn.pathname = `/${name}`;
  return { dsn: dsn.href, drop: () => execute(adminDsn, `drop database if exists ${name} with (force)`) };
}

async function execute(dsn: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function createNamespace(address: string): Promise<string> {
  const namespace = uniqueName('test');
  const setup = await setupTemporal(address, { namespace });
  if (!setup.ok) throw new Error(setup.error.message);
  return namespace;
}
