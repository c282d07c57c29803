import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTemporalClient } from '../../../src/temporal/client.ts';
import { ensureSchedule, type RecurringWorkflow, removeSchedule } from '../../../src/temporal/schedules.ts';
import { stack } from '../../support/stack.ts';

const HOUR_MS = 3_600_000;

let client: Client;
let nightly: RecurringWorkflow;
beforeAll(async () => {
  client = createTemporalClient({ address: stack.temporalAddress, namespace: await stack.createNamespace() });
});
afterAll(() => client.connection.close());
beforeEach(() => {
  nightly = {
    scheduleId: stack.uniqueName('nightly'),
    workflowType: 'nothingYet',
    args: [{ keep: 3 }],
    everyMs: 24 * HOUR_MS,
    summary: 'does nothing',
  };
});

const described = () => client.schedule.getHandle(nightly.scheduleId).describe();

describe('ensureSchedule', () => {
  it('makes the schedule once, however many processes ask for it at once', async () => {
    // Given three processes that start
    const asking = [1, 2, 3].map(() => ensureSchedule(client, nightly));
    // When
    const outcomes = await Promise.all(asking);
    // Then
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true]);
    const { spec, action, policies } = await described();
    expect(spec.intervals).toEqual([{ every: 24 * HOUR_MS, offset: 0 }]);
    expect(action).toMatchObject({ workflowType: 'nothingYet', taskQueue: 'homesec', args: [{ keep: 3 }] });
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: HOUR_MS });
  });

  it('takes over what has changed, and leaves it paused where a person has paused it', async () => {
    // Given
    await ensureSchedule(client, nightly);
    await client.schedule.getHandle(nightly.scheduleId).pause('not while we move');
    // When
    const outcome = await ensureSchedule(client, { ...nightly, everyMs: 6 * HOUR_MS, offsetMs: HOUR_MS, args: [{ keep: 9 }] });
    // Then
    expect(outcome.ok).toBe(true);
    const { spec, action, state } = await described();
    expect(spec.intervals).toEqual([{ every: 6 * HOUR_MS, offset: HOUR_MS }]);
    expect(action.args).toEqual([{ keep: 9 }]);
    expect(state).toMatchObject({ paused: true, note: 'not while we move' });
  });

  it('says that the server is away', async () => {
    // Given
    const nobody = createTemporalClient({ address: '127.0.0.1:1', namespace: 'default' });
    // When
    const outcome = await ensureSchedule(nobody, nightly);
    // Then
    expect(outcome).toMatchObject({ ok: false, error: { message: expect.any(String) } });
    await nobody.connection.close();
  });
});

describe('removeSchedule', () => {
  it('takes it away, and does not mind one that is not there', async () => {
    // Given
    await ensureSchedule(client, nightly);
    // When
    const outcomes = [await removeSchedule(client, nightly.scheduleId), await removeSchedule(client, nightly.scheduleId)];
    // Then
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true]);
    await expect(described()).rejects.toThrow(/not found/i);
  });
});
