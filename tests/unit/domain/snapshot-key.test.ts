import { describe, expect, it } from 'vitest';
import { snapshotKeyOf } from '../../../src/domain/snapshot-key.ts';

const SHA256 = '0123456789abcdef'.repeat(4);

describe('the key of a picture', () => {
  it.each([
    ['clips/yard/2026-11-23/one.mp4', 'snapshots/yard/2026-11-23/one-01234567.jpg'],
    ['other/v1.2/one', 'snapshots/other/v1.2/one-01234567.jpg'],
  ])('of the clip under %s is beside it', (storageKey, key) => {
    // Given a clip's key, When the key of its picture is made, Then
    expect(snapshotKeyOf(storageKey, SHA256)).toBe(key);
  });
});
