import { describe, expect, it } from 'vitest';
import { sendInTurn } from '../../../activities/visit-turn.ts';
import type { ClipAlert } from '../../../src/domain/alert.ts';
import type { AlertDesk, Turn, TurnEnd } from '../../../src/domain/alert-desk.ts';
import { err, ok, type Result } from '../../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../src/domain/stage-error.ts';
import { FULL_ALERT } from '../../support/sample-alert.ts';

const MINE: Turn = { turn: 'yours', dedupeKey: 'visit-1', revision: 4, clipCount: 2, riskLevel: 'critical', worse: true };

/** A desk that gives this turn, or does not answer; and what it and the channel were told. */
function facing(turn: Turn | 'away', answer: () => Promise<Result<void, PluginFailure>> = async () => ok(undefined)) {
  const ends: TurnEnd['told'][] = [];
  const alerts: ClipAlert[] = [];
  const desk: AlertDesk = {
    ask: async () => ({ answer: 'alert' }),
    takeTurn: async () => (turn === 'away' ? Promise.reject(new Error('no answer')) : turn),
    endTurn: async ({ told }) => void ends.push(told),
  };
  const send = (alert: ClipAlert) => {
    alerts.push(alert);
    return answer();
  };
  return { ends, alerts, sending: () => sendInTurn(desk, { alert: FULL_ALERT, channel: 'phone', by: 'run/1', send }) };
}

const failing = (code: 'NOTIFY_REJECTED' | 'NOTIFY_UNREACHABLE' | 'NOTIFY_TIMED_OUT') => async () =>
  err(pluginFailure(code, code));

describe('a delivery that shares its alert', () => {
  it('goes out as the desk says', async () => {
    // Given
    const { sending, alerts, ends } = facing(MINE);
    // When
    const sent = await sending();
    // Then
    expect(sent).toEqual(ok({ dedupeKey: 'visit-1', revision: 4 }));
    expect(alerts).toMatchObject([{ dedupeKey: 'visit-1', revision: 4, clipCount: 2, riskLevel: 'critical', worse: true }]);
    expect(ends).toEqual([true]);
  });

  it.each([
    ['NOTIFY_REJECTED', false],
    ['NOTIFY_UNREACHABLE', false],
    ['NOTIFY_TIMED_OUT', 'maybe'],
  ] as const)('that ends with %s has told: %s', async (code, told) => {
    // Given
    const { sending, ends } = facing(MINE, failing(code));
    // When
    const sent = await sending();
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code } });
    expect(ends).toEqual([told]);
  });

  it('that is called off may have told', async () => {
    // Given
    const { sending, ends } = facing(MINE, () => Promise.reject(new Error('called off')));
    // When
    await expect(sending()).rejects.toThrow('called off');
    // Then
    expect(ends).toEqual(['maybe']);
  });

  it('waits for another clip without asking the channel', async () => {
    // Given
    const { sending, alerts } = facing({ turn: 'busy' });
    // When
    const sent = await sending();
    // Then
    expect(sent).toMatchObject({ ok: false, error: { code: 'NOTIFY_BUSY', retryAfterMs: 2_000 } });
    expect(alerts).toEqual([]);
  });

  it.each(['away', { turn: 'unknown' }] as const)('goes out for itself when the desk does not help: %j', async (turn) => {
    // Given
    const { sending, alerts } = facing(turn);
    // When
    const sent = await sending();
    // Then
    expect(sent).toEqual(ok({ dedupeKey: FULL_ALERT.dedupeKey, revision: FULL_ALERT.revision }));
    expect(alerts).toEqual([FULL_ALERT]);
  });
});
