import { expect, it } from 'vitest';
import { createTelemetryRelay } from '../../../src/kit/telemetry-relay.ts';

it('passes lines on from the moment when somebody stores them', () => {
  // Given a logger that starts before the database is known
  const relay = createTelemetryRelay();
  const stored: string[] = [];
  // When a line comes before and one after the store is there
  relay.write('early');
  relay.attach((line) => stored.push(line));
  relay.write('late');
  // Then the early one is no error, and the late one arrives
  expect(stored).toEqual(['late']);
});
