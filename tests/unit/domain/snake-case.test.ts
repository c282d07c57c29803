import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/domain/alert.ts';
import { createClipId } from '../../../src/domain/ids.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { fromSnakeCase, toSnakeCase } from '../../../src/domain/snake-case.ts';

const alert: Alert = {
  dedupeKey: 'k',
  revision: 2,
  clipId: createClipId('2026-11-23T02:27:00.123Z', 'Front Door', '1f3a5c7e9b2d'),
  cameraName: 'Front Door',
  at: '2026-11-23T02:28:00.000Z',
  recordedStartAt: '2026-11-23T02:27:00.123Z',
  durationMs: 10_000,
  notifyReason: 'risk_level=high',
  detectedClasses: ['person'],
  analysis: {
    sequenceDescription: 'aPersonWalks someWhere',
    maxRiskLevel: 'high',
    primaryActivity: 'suspicious_behavior',
    observations: [],
    entitiesTimeline: [
      {
        type: 'person',
        firstSeenTimestamp: '00:00:01.00',
        lastSeenTimestamp: '00:00:04.50',
        description: '',
        movement: '',
        location: '',
        interaction: '',
      },
    ],
    requiresReview: true,
    frameCount: 8,
    videoStartTime: '00:00:00.00',
    videoEndTime: '00:00:10.00',
  },
  unverified: false,
  uploadFailed: false,
  vlmFailed: false,
  delayed: false,
};

describe('toSnakeCase', () => {
  it('renames keys at every depth and leaves values alone', () => {
    // Given a value whose keys and values both look like camelCase
    const value = { modelSha256: 'camelCase', nested: [{ atMs: 1, x: 0 }, null, 'aB'], none: undefined };
    // When it is written for the outside
    const written = toSnakeCase(value);
    // Then only the keys have changed
    expect(written).toEqual({ model_sha256: 'camelCase', nested: [{ at_ms: 1, x: 0 }, null, 'aB'], none: undefined });
  });

  it.each(['Front Door', 'URL', 'already_snake', 'Über', '', 'a-b', '1stPlace'])('leaves the key %j as it is', (key) => {
    // Given a key that is no camelCase word
    const value = { [key]: 1 };
    // When it is mapped
    // Then it stays
    expect(toSnakeCase(value)).toEqual(value);
  });

  it('leaves objects alone that write themselves', () => {
    // Given a date and a secret
    const value = { startedAt: new Date(0), apiKey: new Secret('hunter2') };
    // When they are mapped and serialised
    const json = JSON.stringify(toSnakeCase(value));
    // Then each has its own form, and the secret stays one
    expect(json).toBe('{"started_at":"1970-01-01T00:00:00.000Z","api_key":"[redacted]"}');
  });

  it('keeps a hostile __proto__ key an ordinary key', () => {
    // Given JSON that tries to plant a prototype
    const value: unknown = JSON.parse('{"__proto__": {"isAdmin": true}}');
    // When it is mapped
    const mapped = toSnakeCase(value);
    // Then the result inherits nothing from it
    expect(Object.getPrototypeOf(mapped)).toBe(Object.prototype);
    expect(JSON.stringify(mapped)).toBe('{"__proto__":{"is_admin":true}}');
  });
});

describe('fromSnakeCase', () => {
  it('gives back what toSnakeCase was given, through JSON', () => {
    // Given a whole alert as it stands in JSON
    const json = JSON.stringify(toSnakeCase(alert));
    // When it is read back
    const back = fromSnakeCase(JSON.parse(json));
    // Then nothing is lost or renamed
    expect(back).toEqual(alert);
    expect(json).toContain('"first_seen_timestamp"');
  });

  it.each(['Front_Door', 'a__b', '_a', 'a_', 'a_1', 'A_B'])('leaves the key %j as it is', (key) => {
    // Given a key that toSnakeCase could not have made
    const value = { [key]: 1 };
    // When it is mapped
    // Then it stays
    expect(fromSnakeCase(value)).toEqual(value);
  });

  it.each(['a', 'aB', 'sha256', 'modelSha256Hex', 'aBC', 'x1Y2'])('takes the field name %s there and back', (key) => {
    // Given a field name of the domain
    // When it goes there and back
    // Then it is the same again
    expect(fromSnakeCase(toSnakeCase({ [key]: 1 }))).toEqual({ [key]: 1 });
  });
});
