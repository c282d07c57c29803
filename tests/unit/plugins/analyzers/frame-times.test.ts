import { describe, expect, test } from 'vitest';
import { formatMediaTime, selectFrameTimes } from '../../../../src/plugins/analyzers/openai/frame-times.ts';

/** Requests of all sorts, the same in each run (a linear congruential generator, Numerical Recipes' constants). */
const REQUESTS = (() => {
  let state = 20261123;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return Array.from({ length: 3000 }, () => {
    const durationMs = below(4) === 0 ? below(2000) : below(150_000);
    const sightings = Array.from({ length: below(6) }, () => below(durationMs + 1));
    return { durationMs, maxFrames: 1 + below(30), sightingsMs: sightings };
  });
})();

const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((time, index) => time - (times[index] ?? 0));
/** 250 ms before the end: where the last frame of a clip surely begins. */
const tailOf = (durationMs: number): number => Math.max(0, durationMs - 250);

describe('frames of any clip', () => {
  test('are at most as many as allowed and at least one, rise, and lie inside', () => {
    // Given
    const requests = REQUESTS;
    // When
    const chosen = requests.map((request) => ({ request, times: selectFrameTimes(request) }));
    // Then
    const wrong = chosen.filter(({ request, times }) => {
      const inside = times.every((time) => Number.isInteger(time) && time >= 0 && time <= tailOf(request.durationMs));
      return times.length < 1 || times.length > request.maxFrames || !inside || gapsOf(times).some((gap) => gap <= 0);
    });
    expect(wrong).toEqual([]);
  });

  test('never show the same twice: 200 ms and more lie between them, but for rounding', () => {
    // Given
    const requests = REQUESTS;
    // When
    const narrow = requests.filter((request) => gapsOf(selectFrameTimes(request)).some((gap) => gap < 199));
    // Then
    expect(narrow).toEqual([]);
  });

  test('show the beginning and the tail when there are two or more', () => {
    // Given
    const requests = REQUESTS.filter(({ maxFrames, durationMs }) => maxFrames >= 2 && durationMs >= 500);
    // When
    const missing = requests.filter((request) => {
      const times = selectFrameTimes(request);
      return times.at(0) !== 0 || times.at(-1) !== tailOf(request.durationMs);
    });
    // Then
    expect(requests.length).toBeGreaterThan(1000);
    expect(missing).toEqual([]);
  });

  test('leave no part of the clip out: no gap is wider than half as many frames would leave', () => {
    // Given
    const requests = REQUESTS.filter(({ maxFrames, durationMs }) => maxFrames >= 4 && durationMs >= 30_000);
    // When
    const gaping = requests.filter((request) => {
      const widest = Math.max(...gapsOf(selectFrameTimes(request)));
      return widest > Math.ceil(tailOf(request.durationMs) / (Math.ceil(request.maxFrames / 2) - 1)) + 1;
    });
    // Then
    expect(gaping).toEqual([]);
  });

  test('show every sighting while there is room: one frame within 200 ms of each', () => {
    // Given
    const requests = REQUESTS.filter(
      ({ maxFrames, sightingsMs, durationMs }) =>
        durationMs >= 10_000 && Math.floor(maxFrames / 2) >= sightingsMs.length && maxFrames >= 3,
    );
    // When
    const missed = requests.filter((request) => {
      const times = selectFrameTimes(request);
      const tail = tailOf(request.durationMs);
      return request.sightingsMs.some((sighting) => times.every((time) => Math.abs(time - Math.min(sighting, tail)) >= 200));
    });
    // Then
    expect(requests.length).toBeGreaterThan(500);
    expect(missed).toEqual([]);
  });

  test('are as many as allowed when the clip is long enough', () => {
    // Given
    const requests = REQUESTS.filter(({ durationMs, maxFrames }) => durationMs >= maxFrames * 1000);
    // When
    const fewer = requests.filter((request) => selectFrameTimes(request).length !== request.maxFrames);
    // Then
    expect(fewer).toEqual([]);
  });

  test('do not depend on the order in which they are asked for, nor change what they are asked with', () => {
    // Given
    const request = Object.freeze({ durationMs: 60_000, maxFrames: 10, sightingsMs: Object.freeze([31_000, 12_000]) });
    // When
    const [once, again] = [selectFrameTimes(request), selectFrameTimes(request)];
    // Then
    expect(again).toEqual(once);
  });
});

describe('frames of one clip', () => {
  test('without sightings are spread evenly', () => {
    // Given
    const request = { durationMs: 10_250, maxFrames: 5, sightingsMs: [] };
    // When
    const times = selectFrameTimes(request);
    // Then
    expect(times).toEqual([0, 2500, 5000, 7500, 10_000]);
  });

  test('gather where the filter saw something', () => {
    // Given
    const request = { durationMs: 120_250, maxFrames: 10, sightingsMs: [66_000] };
    // When
    const near = selectFrameTimes(request).filter((time) => Math.abs(time - 66_000) <= 4000);
    // Then
    expect(near).toEqual([64_000, 65_000, 66_000, 67_000, 68_000]);
  });

  test.each([
    [{ durationMs: 10_250, maxFrames: 1, sightingsMs: [7000, 2000] }, [7000]],
    [{ durationMs: 10_250, maxFrames: 1, sightingsMs: [] }, [5000]],
    [{ durationMs: 0, maxFrames: 10, sightingsMs: [] }, [0]],
    [{ durationMs: 100, maxFrames: 10, sightingsMs: [90] }, [0]],
    [{ durationMs: 1500, maxFrames: 10, sightingsMs: [Number.NaN] }, [0, 208, 417, 625, 833, 1042, 1250]],
    [{ durationMs: 2250, maxFrames: 2, sightingsMs: [90_000] }, [0, 2000]],
  ])('of %j are %j', (request, expected) => {
    // Given
    const { durationMs, maxFrames, sightingsMs } = request;
    // When
    const times = selectFrameTimes({ durationMs, maxFrames, sightingsMs });
    // Then
    expect(times).toEqual(expected);
  });
});

test.each([
  [0, '00:00:00.00'],
  [9, '00:00:00.00'],
  [1234, '00:00:01.23'],
  [59_999, '00:00:59.99'],
  [3_723_450, '01:02:03.45'],
])('%i ms is written %s', (atMs, expected) => {
  // Given
  const moment = atMs;
  // When
  const written = formatMediaTime(moment);
  // Then
  expect(written).toBe(expected);
});
