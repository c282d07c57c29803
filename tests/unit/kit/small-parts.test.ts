import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/kit/backoff.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { readSecret } from '../../../src/kit/read-secret.ts';
import { unlessAborted } from '../../../src/kit/unless-aborted.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

describe('backoff', () => {
  const backoff = { initialMs: 100, maxMs: 1000 };

  it('doubles up to its ceiling', () => {
    // Given a server that stays away
    const failures = [1, 2, 3, 4, 5, 6, 5000];
    // When chance gives the longest waits
    const waits = failures.map((count) => backoffMs(backoff, count, () => 0.999_999));
    // Then they double until they are long enough
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000, 1000]);
  });

  it('is at least half of that, whatever chance gives', () => {
    // Given the extremes of chance
    const waits = [0, 0.5, 0.999_999].map((chance) => backoffMs(backoff, 3, () => chance));
    // When waits are drawn
    // Then they spread over the upper half
    expect(waits).toEqual([200, 300, 400]);
  });
});

describe('work that may be called off', () => {
  it('is not waited for when that was before', async () => {
    // Given work that never ends
    const { promise } = Promise.withResolvers<never>();
    // When
    const waiting = unlessAborted(promise, AbortSignal.abort('called off'));
    // Then
    await expect(waiting).rejects.toBe('called off');
  });
});

describe('the clock', () => {
  it('tells the time in UTC with milliseconds, also in a zone with daylight saving', () => {
    // Given a machine in Berlin
    const beforeMs = Date.now();
    // When the clock is asked
    const now = systemClock.now();
    // Then it answers in UTC
    expect(now).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(now)).toBeGreaterThanOrEqual(beforeMs);
  });
});

describe('secrets from the environment', () => {
  it('are read when they are needed', () => {
    // Given a variable that changes
    const environment: NodeJS.ProcessEnv = { CAM_PASSWORD: 'old' };
    valueOf(readSecret('CAM_PASSWORD', environment));
    environment.CAM_PASSWORD = 'hunter2';
    // When it is read again
    const secret = valueOf(readSecret('CAM_PASSWORD', environment));
    // Then the new value counts, and does not show
    expect(secret.reveal()).toBe('hunter2');
    expect(JSON.stringify(secret)).not.toContain('hunter2');
  });

  it.each([
    [{}, 'not set'],
    [{ CAM_PASSWORD: '' }, 'empty'],
  ])('that are missing are named (%#)', (environment, why) => {
    // Given an environment without the secret
    // When it is read
    const error = errorOf(readSecret('CAM_PASSWORD', environment));
    // Then the owner learns which variable to set
    expect(error).toEqual({ code: 'SECRET_MISSING', message: `environment variable CAM_PASSWORD is ${why}`, causes: [] });
  });

  it('come from the process unless told otherwise', () => {
    // Given a variable of this process
    process.env.HOMESEC_TEST_SECRET = 'here';
    // When it is read
    const secret = readSecret('HOMESEC_TEST_SECRET');
    delete process.env.HOMESEC_TEST_SECRET;
    // Then that is its value
    expect(valueOf(secret).reveal()).toBe('here');
  });
});
