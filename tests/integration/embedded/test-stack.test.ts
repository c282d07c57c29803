import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { connectAsync } from 'mqtt';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { stack } from '../../support/stack.ts';

const namesOf = async (dsn: string): Promise<readonly string[]> => {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    const rows = await client.query<{ datname: string }>('select datname from pg_database');
    return rows.rows.map((row) => row.datname);
  } finally {
    await client.end();
  }
};

describe('the stack of a test run', () => {
  it('gives a test a database of its own and takes it back', async () => {
    // Given
    const database = await stack.createDatabase();
    const name = new URL(database.dsn).pathname.slice(1);
    // When
    const during = await namesOf(database.dsn);
    await database.drop();
    // Then
    expect(during).toContain(name);
    expect(await namesOf(stack.postgresDsn)).not.toContain(name);
  });

  it('gives a test a namespace that takes a workflow with search attributes at once', async () => {
    // Given
    const namespace = await stack.createNamespace();
    const camera = defineSearchAttributeKey('ClipCamera', SearchAttributeType.KEYWORD);
    const connection = await Connection.connect({ address: stack.temporalAddress });
    // When
    const handle = await new Client({ connection, namespace }).workflow.start('unserved', {
      workflowId: stack.uniqueName('workflow'),
      taskQueue: stack.uniqueName('queue'),
      typedSearchAttributes: new TypedSearchAttributes([{ key: camera, value: 'front' }]),
    });
    const described = await handle.describe();
    await connection.close();
    // Then
    expect(described.typedSearchAttributes.get(camera)).toBe('front');
  });

  it('has a broker that delivers', async () => {
    // Given
    const topic = stack.uniqueName('topic');
    const client = await connectAsync(stack.mqttUrl);
    await client.subscribeAsync(topic, { qos: 1 });
    const received = new Promise<string>((resolve) => client.once('message', (_topic, payload) => resolve(payload.toString())));
    // When
    await client.publishAsync(topic, 'hello', { qos: 1 });
    // Then
    expect(await received).toBe('hello');
    await client.endAsync();
  });
});
