import { describe, expect, it } from 'vitest';
import { createRightOfWay, type Follower, type RightOfWay } from '../../../src/kit/right-of-way.ts';

const { signal } = new AbortController();

/** Followers that came one after the other, and which of them may go on. */
function followersOf(rightOfWay: RightOfWay, count: number) {
  const followers = Array.from({ length: count }, () => rightOfWay.lineUp());
  const clear = new Set<number>();
  const ask = (follower: Follower, index: number) => follower.giveWay(signal).then(() => clear.add(index));
  return {
    followers,
    /** Asks for all of them anew. */
    async clear(): Promise<readonly number[]> {
      clear.clear();
      followers.forEach((follower, index) => void ask(follower, index));
      await new Promise(setImmediate);
      return [...clear];
    },
  };
}

describe('the right of way', () => {
  it.each([
    { places: 1, urgent: 0, expected: [0] },
    { places: 1, urgent: 1, expected: [] },
    { places: 3, urgent: 0, expected: [0, 1, 2] },
    { places: 3, urgent: 2, expected: [0] },
    { places: 2, urgent: 5, expected: [] },
  ])('is, of $places places with $urgent urgent works, that of the followers $expected', async ({ places, urgent, expected }) => {
    // Given
    const rightOfWay = createRightOfWay(places);
    const { clear } = followersOf(rightOfWay, 4);
    // When
    for (let work = 0; work < urgent; work += 1) rightOfWay.begin();
    // Then
    expect(await clear()).toEqual(expected);
  });

  it('passes on when urgent work ends, and when a follower leaves', async () => {
    // Given one place, taken by urgent work, and two who wait for it
    const rightOfWay = createRightOfWay(1);
    const end = rightOfWay.begin();
    const [first, second] = [rightOfWay.lineUp(), rightOfWay.lineUp()];
    const passed: string[] = [];
    const [firstPassed, secondPassed] = [
      first.giveWay(signal).then(() => passed.push('first')),
      second.giveWay(signal).then(() => passed.push('second')),
    ];
    // When
    end();
    await firstPassed;
    const beforeItLeft = [...passed];
    first[Symbol.dispose]();
    await secondPassed;
    // Then
    expect(beforeItLeft).toEqual(['first']);
    expect(passed).toEqual(['first', 'second']);
  });

  it('is not waited for any more when it closes; who has a place keeps it', async () => {
    // Given one place, and two who would have it
    const closing = new AbortController();
    const rightOfWay = createRightOfWay(1, closing.signal);
    const [first, second] = [rightOfWay.lineUp(), rightOfWay.lineUp()];
    const waiting = second.giveWay(signal);
    // When
    closing.abort(new Error('closing'));
    // Then
    await expect(waiting).rejects.toThrow('closing');
    await expect(second.giveWay(signal)).rejects.toThrow('closing');
    await first.giveWay(signal);
  });

  it('is not waited for by who is called off', async () => {
    // Given
    const rightOfWay = createRightOfWay(1);
    rightOfWay.begin();
    const calledOff = new AbortController();
    const waiting = rightOfWay.lineUp().giveWay(calledOff.signal);
    // When
    calledOff.abort(new Error('called off'));
    // Then
    await expect(waiting).rejects.toThrow('called off');
  });
});
