import { expect, test } from 'vitest';
import { createPace } from '../../../src/kit/pace.ts';

const { signal } = new AbortController();

test('many at once share one limit', async () => {
  // Given 80 Mbit/s, which is 10,000 bytes in a millisecond
  const pace = createPace(80);
  const startedAt = performance.now();
  // When ten send 500,000 bytes each, in pieces
  const send = async () => {
    for (let piece = 0; piece < 10; piece += 1) await pace(50_000, signal);
  };
  await Promise.all(Array.from({ length: 10 }, send));
  // Then it has taken no less than it has to: 500 ms, less the 100 that may be sent at once
  expect(performance.now() - startedAt).toBeGreaterThan(390);
});

test('a wait ends when the call is called off, and what it waited for is waited out by others all the same', async () => {
  // Given a limit under which a megabyte takes eight seconds
  const pace = createPace(1);
  const controller = new AbortController();
  // When
  const waiting = pace(1_000_000, controller.signal);
  controller.abort();
  // Then
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});

test('without a limit nobody waits', async () => {
  // Given
  const pace = createPace(undefined);
  // When
  const waited = await pace(Number.MAX_SAFE_INTEGER, signal);
  // Then
  expect(waited).toBeUndefined();
});
