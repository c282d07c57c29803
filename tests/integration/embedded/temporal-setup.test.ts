import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { setupTemporal } from '../../../src/temporal/setup.ts';
import { stack } from '../../support/stack.ts';

async function connect(): Promise<Connection> {
  const connection = await Connection.connect({ address: stack.temporalAddress });
  onTestFinished(() => connection.close());
  return connection;
}

const retentionOf = async (connection: Connection, namespace: string): Promise<number> =>
  Number((await connection.workflowService.describeNamespace({ namespace })).config?.workflowExecutionRetentionTtl?.seconds);

const DAY_S = 86_400;

describe('setupTemporal', () => {
  it('creates what is missing, and nothing when it runs again', async () => {
    // Given
    const namespace = stack.uniqueName('setup');
    const first = await setupTemporal(stack.temporalAddress, { namespace });
    // When
    const second = await setupTemporal(stack.temporalAddress, { namespace });
    // Then
    expect(first).toMatchObject({
      ok: true,
      value: { namespaceCreated: true, attributesAdded: expect.arrayContaining(['ClipCamera', 'ClipLabels']) },
    });
    expect(second).toEqual({ ok: true, value: { namespace, namespaceCreated: false, attributesAdded: [] } });
  });

  it('lets several processes set up the same namespace at once', async () => {
    // Given
    const namespace = stack.uniqueName('setup');
    // When
    const setups = await Promise.all([1, 2, 3].map(() => setupTemporal(stack.temporalAddress, { namespace })));
    // Then
    expect(setups.map((setup) => setup.ok)).toEqual([true, true, true]);
  });

  it('raises a retention that is too short and leaves a longer one', async () => {
    // Given
    const connection = await connect();
    const [short, long] = [stack.uniqueName('short'), stack.uniqueName('long')];
    await setupTemporal(connection, { namespace: short });
    await setupTemporal(connection, { namespace: long });
    await connection.workflowService.updateNamespace({
      namespace: short,
      config: { workflowExecutionRetentionTtl: msToTs('1 day') },
    });
    await connection.workflowService.updateNamespace({
      namespace: long,
      config: { workflowExecutionRetentionTtl: msToTs('90 days') },
    });
    // When
    await setupTemporal(connection, { namespace: short });
    await setupTemporal(connection, { namespace: long });
    // Then
    expect(await retentionOf(connection, short)).toBe(30 * DAY_S);
    expect(await retentionOf(connection, long)).toBe(90 * DAY_S);
  });

  it('says which attribute of the same name has another type', async () => {
    // Given
    const connection = await connect();
    const namespace = stack.uniqueName('clash');
    await setupTemporal(connection, { namespace });
    await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['ClipStage'] });
    const { systemAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const ClipStage = systemAttributes['HistoryLength']; // a number
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: ClipStage === undefined ? {} : { ClipStage },
    });
    // When
    const setup = await setupTemporal(connection, { namespace });
    // Then
    expect(setup).toMatchObject({
      ok: false,
      error: { code: 'TEMPORAL_ATTRIBUTE_CLASH', message: expect.stringContaining('ClipStage') },
    });
  });

  it('gives up in time on a server that is not there', async () => {
    // Given: the discard port, where nothing answers
    const address = '127.0.0.1:9';
    // When
    const setup = await setupTemporal(address, { timeoutMs: 300 });
    // Then
    expect(setup).toMatchObject({ ok: false, error: { code: 'TEMPORAL_UNREACHABLE' } });
  });
});
