import { describe, expect, test } from 'vitest';
import { type ClipId, createClipId } from '../../../src/domain/ids.ts';
import { createHandoverQueue } from '../../../src/spool/handover-queue.ts';

const clip = (second: number): ClipId => createClipId(`2026-11-23T02:27:0${second}.000Z`, 'Front', '0123456789ab');
const [first, second, third] = [clip(1), clip(2), clip(3)];
const newQueue = (maxInFlight = 8) =>
  createHandoverQueue({ maxInFlight, backoff: { initialMs: 100, maxMs: 1_000 }, random: () => 0.999_999 });
const takeAll = (queue: ReturnType<typeof newQueue>, nowMs = 0): ClipId[] => {
  const taken: ClipId[] = [];
  for (let next = queue.take(nowMs); next !== undefined; next = queue.take(nowMs)) taken.push(next);
  return taken;
};

describe('hand-over queue', () => {
  test('gives the oldest recording first, whatever the order of arrival, and each once', () => {
    // Given
    const queue = newQueue();
    // When
    for (const clipId of [third, first, second, first]) queue.add(clipId);
    // Then
    expect(takeAll(queue)).toEqual([first, second, third]);
  });

  test('keeps no more in flight than allowed', () => {
    // Given
    const queue = newQueue(2);
    for (const clipId of [first, second, third]) queue.add(clipId);
    // When
    const taken = takeAll(queue);
    queue.done(first, 'started');
    // Then
    expect(taken).toEqual([first, second]);
    expect(takeAll(queue)).toEqual([third]);
  });

  test('does not start a clip again that was started, until it has left and come back', () => {
    // Given
    const queue = newQueue();
    queue.add(first);
    queue.done(queue.take(0) ?? third, 'started');
    // When
    queue.add(first);
    const whileOpen = queue.take(0);
    queue.retain(new Set());
    queue.add(first);
    // Then
    expect(whileOpen).toBeUndefined();
    expect(queue.take(0)).toBe(first);
  });

  test('lets one failing clip wait longer and longer, and hold up no other', () => {
    // Given
    const queue = newQueue();
    queue.add(first);
    const waits: (number | undefined)[] = [];
    // When
    let nowMs = 0;
    for (let round = 0; round < 6; round += 1) {
      expect(queue.take(nowMs)).toBe(first);
      queue.failed(first, nowMs);
      const other = clip(2 + round);
      queue.add(other);
      expect(takeAll(queue, nowMs)).toEqual([other]);
      queue.done(other, 'started');
      waits.push(queue.msUntilNext(nowMs));
      nowMs += waits.at(-1) ?? 0;
    }
    // Then
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  test('tries one clip at a time in an outage, a different one each time, and all at once after it', () => {
    // Given
    const queue = newQueue();
    for (const clipId of [first, second, third]) queue.add(clipId);
    for (const clipId of takeAll(queue)) queue.failed(clipId, 0);
    const tried: ClipId[] = [];
    // When
    let nowMs = 0;
    for (let round = 0; round < 4; round += 1) {
      expect(takeAll(queue, nowMs)).toEqual([]);
      nowMs += queue.msUntilNext(nowMs) ?? 0;
      const [only = clip(9), ...more] = takeAll(queue, nowMs);
      expect(more).toEqual([]);
      tried.push(only);
      queue.failed(only, nowMs);
    }
    nowMs += queue.msUntilNext(nowMs) ?? 0;
    const probe = queue.take(nowMs) ?? clip(9);
    queue.done(probe, 'started');
    // Then
    expect(tried).toEqual([first, second, third, first]);
    expect(probe).toBe(second);
    expect(takeAll(queue, nowMs)).toEqual([first, third]);
  });

  test('an empty queue asks for no wake-up', () => {
    // Given
    const queue = newQueue();
    queue.add(first);
    // When
    queue.done(queue.take(0) ?? third, 'gone');
    // Then
    expect(queue.msUntilNext(0)).toBeUndefined();
    expect(queue.pendingCount()).toBe(0);
  });

  test('drains a long backlog in order', () => {
    // Given
    const queue = newQueue(1);
    const ids = Array.from({ length: 5_000 }, (_, n) => createClipId(new Date(n * 1000).toISOString(), 'Front', '0123456789ab'));
    for (const clipId of ids.toReversed()) queue.add(clipId);
    const drained: ClipId[] = [];
    // When
    for (let next = queue.take(0); next !== undefined; next = queue.take(0)) {
      drained.push(next);
      queue.done(next, 'started');
    }
    // Then
    expect(drained).toEqual(ids);
  });
});
