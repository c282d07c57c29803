import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clip } from '../../../src/domain/clip.ts';
import { err, ok, type Result } from '../../../src/domain/result.ts';
import { createHandover, type Handover, type StartFailure } from '../../../src/spool/handover.ts';
import type { HandoverSpool, RecorderSpool } from '../../../src/spool/spool.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { openSpoolHouse, type SpoolHouse } from '../../support/spool-house.ts';
import { valueOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

type Answer = Result<unknown, StartFailure>;
const unavailable: Answer = err({ kind: 'unavailable', message: 'connection refused' });

describe('hand-over', () => {
  let house: SpoolHouse;
  let recorder: RecorderSpool;
  let spool: HandoverSpool;
  const handovers: Handover[] = [];
  beforeEach(async () => {
    house = await openSpoolHouse();
    recorder = await house.open('recorder');
    spool = await house.open('handover');
  });
  afterEach(async () => {
    for (const handover of handovers.splice(0)) await handover.stop();
    await house[Symbol.asyncDispose]();
  });
  const seal = async (second = 0) => {
    const recordedStartAt = `2026-11-23T02:27:0${second}.000Z`;
    return valueOf(await recorder.sink().seal(await house.recording({ recordedStartAt }))).clipId;
  };
  const begin = (answer: (clip: Clip, attempt: number) => Answer | Promise<Answer>, maxInFlight = 8) => {
    const attempts: string[] = [];
    const { logger, lines } = createTestContext();
    const handover = createHandover({
      spool,
      logger,
      maxInFlight,
      backoff: { initialMs: 5, maxMs: 20 },
      startClip: async (clip) => {
        attempts.push(clip.clipId);
        return answer(clip, attempts.length);
      },
    });
    handovers.push(handover);
    handover.start();
    return { handover, attempts, lines };
  };
  const idle = (handover: Handover) => waitUntil('the hand-over to be idle', () => handover.status().state === 'idle');

  test('hands over what lies there, oldest recording first, and what is sealed later', async () => {
    // Given
    const [third, first, second] = [await seal(3), await seal(1), await seal(2)];
    const { handover, attempts } = begin(() => ok(undefined), 1);
    await waitUntil('the backlog to be handed over', () => attempts.length === 3);
    // When
    const later = await seal(0);
    await waitUntil('the new clip to be handed over', () => attempts.length === 4);
    // Then
    await idle(handover);
    expect(attempts).toEqual([first, second, third, later]);
    expect(handover.status()).toMatchObject({ state: 'idle', pendingCount: 0, handedOverCount: 4 });
    expect((await spool.backlog()).openCount).toBe(4);
  });

  test('an outage delays every clip and drops none', async () => {
    // Given
    const ids = [await seal(1), await seal(2), await seal(3)];
    let isAway = true;
    const started: string[] = [];
    const { handover, attempts, lines } = begin((clip) => {
      if (isAway) return unavailable;
      started.push(clip.clipId);
      return ok(undefined);
    });
    await waitUntil('a dozen failures', () => attempts.length >= 12);
    const during = handover.status();
    // When
    isAway = false;
    await waitUntil('all to be started', () => started.length === 3);
    // Then
    expect(during).toMatchObject({ state: 'unavailable', pendingCount: 3, lastFailure: { message: 'connection refused' } });
    expect([...started].sort()).toEqual(ids);
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await idle(handover);
  });

  test('a start that throws is a failure like any other', async () => {
    // Given
    await seal();
    // When
    const { handover, attempts } = begin((_clip, attempt) => {
      if (attempt < 3) throw new Error('a defect');
      return ok(undefined);
    });
    // Then
    await idle(handover);
    await waitUntil('the third attempt', () => attempts.length === 3);
    expect(handover.status().lastFailure?.message).toBe('a defect');
  });

  test('starts that never answer hold up no other clip, up to the limit', async () => {
    // Given
    const stuck = await seal(0);
    const answers = Promise.withResolvers<Answer>();
    const { handover, attempts } = begin((clip) => (clip.clipId === stuck ? answers.promise : ok(undefined)));
    // When
    const others = [await seal(1), await seal(2)];
    await waitUntil('the others to be started', () => handover.status().handedOverCount === 2);
    // Then
    expect(attempts.sort()).toEqual([stuck, ...others]);
    expect(handover.status()).toMatchObject({ inFlightCount: 1, pendingCount: 1 });
    answers.resolve(ok(undefined));
    await idle(handover);
  });

  test.each(['refused', 'closed'] as const)(
    'a clip whose start is %s is set aside, visible and reported, the others go on',
    async (kind) => {
      // Given
      const bad = await seal(1);
      const good = await seal(2);
      // When
      const { handover, lines } = begin((clip) => (clip.clipId === bad ? err({ kind, message: 'not this one' }) : ok(undefined)));
      await waitUntil(
        'both to be settled',
        () => handover.status().handedOverCount === 1 && handover.status().setAsideCount === 1,
      );
      // Then
      const { refused, openCount } = await spool.backlog();
      expect(refused.map(({ clip, reason }) => [clip.clipId, reason])).toEqual([[bad, { code: kind, message: 'not this one' }]]);
      expect(openCount).toBe(1);
      expect(await spool.openIds()).toEqual([good]);
      expect(await spool.isFinished(bad)).toBe(false);
      expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    },
  );

  test('a readmitted clip is handed over again', async () => {
    // Given
    const clipId = await seal();
    const { handover, attempts } = begin((_clip, attempt) =>
      attempt === 1 ? err({ kind: 'refused', message: 'no' }) : ok(undefined),
    );
    await waitUntil('it to be set aside', () => handover.status().setAsideCount === 1);
    // When
    const observer = await house.open('observer');
    await observer.readmit(clipId);
    // Then
    await waitUntil('it to be started', () => handover.status().handedOverCount === 1);
    expect(attempts).toEqual([clipId, clipId]);
  });

  test('hands a clip over once in a process’s life, and all open ones again in the next', async () => {
    // Given
    const clipId = await seal();
    const first = begin(() => ok(undefined));
    await waitUntil('the first', () => first.attempts.length === 1);
    const later = await seal(1);
    await waitUntil('the second', () => first.attempts.length === 2);
    await first.handover.stop();
    // When
    const next = begin(() => ok(undefined));
    await waitUntil('both again', () => next.attempts.length === 2);
    // Then
    expect(first.attempts).toEqual([clipId, later]);
    // Both are begun at once, and their markers are read side by side.
    expect(next.attempts.toSorted()).toEqual([clipId, later]);
  });

  test('a finished clip is never started, even when its marker is back', async () => {
    // Given
    const clipId = await seal();
    const marker = await house.read('open', `${clipId}.json`);
    await spool.release(clipId, { uploaded: true });
    await writeFile(`${house.spoolDir}/open/${clipId}.json`, marker);
    // When
    const { handover, attempts } = begin(() => ok(undefined));
    const other = await seal(5);
    await waitUntil('the other to be started', () => attempts.length > 0);
    // Then
    await idle(handover);
    expect(attempts).toEqual([other]);
    expect(await spool.openIds()).toEqual([other]);
  });

  test('stopping waits for the starts in flight and begins no other', async () => {
    // Given
    await seal(1);
    await seal(2);
    const answer = Promise.withResolvers<Answer>();
    const { handover, attempts } = begin(() => answer.promise, 1);
    await waitUntil('a start', () => attempts.length === 1);
    // When
    const stopped = handover.stop();
    answer.resolve(ok(undefined));
    await stopped;
    // Then
    expect(attempts).toHaveLength(1);
    expect(handover.status()).toMatchObject({ state: 'stopped', inFlightCount: 0 });
  });
});
