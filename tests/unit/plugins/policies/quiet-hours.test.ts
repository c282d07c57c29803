import { describe, expect, test } from 'vitest';
import type { PolicyFacts } from '../../../../src/domain/alert.ts';
import type { RiskLevel } from '../../../../src/domain/risk.ts';
import { defaultPolicy } from '../../../../src/plugins/policies/default/index.ts';
import { createTestContext } from '../../../support/plugin-context.ts';
import { analysisResult, filterFailed, filterResult, vlmFailed } from '../../../support/policy-facts.ts';

const NIGHT = { from: '22:00', to: '06:30', time_zone: 'Europe/Berlin' };
const policyOf = (config: unknown) => defaultPolicy.create(defaultPolicy.configSchema.parse(config), createTestContext());

function clipAt(recordedStartAt: string, risk: RiskLevel = 'high'): PolicyFacts {
  return {
    cameraName: 'Front Door',
    recordedStartAt,
    triggerClasses: ['person'],
    filter: { state: 'done', value: filterResult(['person']) },
    analysis: { state: 'done', value: analysisResult(risk, 'suspicious_behavior') },
  };
}

const untilOf = (quietHours: object, recordedStartAt: string) =>
  policyOf({ quiet_hours: quietHours }).decide(clipAt(recordedStartAt)).heldBack?.until;

describe('quiet hours', () => {
  test('hold back what would alert, and say until when and what for', () => {
    // Given a clip at 23:00 in Berlin
    const policy = policyOf({ quiet_hours: NIGHT });
    // When
    const decision = policy.decide(clipAt('2026-01-15T22:00:00.000Z'));
    // Then
    expect(decision).toEqual({
      notify: false,
      notifyReason: 'quiet_hours',
      heldBack: { reason: 'quiet_hours', until: '2026-01-16T05:30:00.000Z', alertReason: 'risk_level=high' },
    });
  });

  test('say nothing of a clip that would not alert anyway', () => {
    // Given
    const policy = policyOf({ quiet_hours: NIGHT });
    // When
    const decision = policy.decide(clipAt('2026-01-15T22:00:00.000Z', 'low'));
    // Then
    expect(decision).toEqual({ notify: false, notifyReason: 'below_threshold' });
  });

  test.each([
    ['the minute before', '2026-01-15T20:59:59.999Z', undefined],
    ['the first minute', '2026-01-15T21:00:00.000Z', '2026-01-16T05:30:00.000Z'],
    ['after midnight', '2026-01-16T02:00:30.123Z', '2026-01-16T05:30:00.000Z'],
    ['the last minute', '2026-01-16T05:29:59.999Z', '2026-01-16T05:30:00.000Z'],
    ['their end', '2026-01-16T05:30:00.000Z', undefined],
    ['in summer, by the clock on the wall', '2026-07-15T20:00:00.000Z', '2026-07-16T04:30:00.000Z'],
    ['the night in which the clock goes forward', '2026-03-28T23:00:00.000Z', '2026-03-29T04:30:00.000Z'],
    ['the night in which it goes back', '2026-10-24T21:00:00.000Z', '2026-10-25T05:30:00.000Z'],
  ])('by local time: %s', (_when, at, until) => {
    // Given quiet hours from 22:00 to 06:30 in Berlin, When a clip is recorded then, Then it is held back until they end
    expect(untilOf(NIGHT, at)).toBe(until);
  });

  test('that would end at a time which the clock leaves out end when it is put forward', () => {
    // Given the night of 2026-03-29, in which 03:00 follows 01:59
    const night = { ...NIGHT, to: '02:30' };
    // When
    const untils = ['2026-03-28T22:00:00.000Z', '2026-03-29T00:59:00.000Z'].map((at) => untilOf(night, at));
    // Then
    expect(untils).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-29T01:00:00.000Z']);
    expect(untilOf(night, '2026-03-29T01:00:00.000Z')).toBeUndefined();
    // In Santiago 01:00 follows 23:59 of the day before.
    const evening = { ...NIGHT, to: '00:00', time_zone: 'America/Santiago' };
    expect(untilOf(evening, '2026-09-06T03:00:00.000Z')).toBe('2026-09-06T04:00:00.000Z');
  });

  test('of some days begin on those days, and last into the next', () => {
    // Given Friday 2026-01-16
    const weekend = { ...NIGHT, days: ['fri'] };
    // When
    const [friday, saturdayMorning, saturdayNight, fridayMorning] = [
      '2026-01-16T22:00:00.000Z',
      '2026-01-17T02:00:00.000Z',
      '2026-01-17T22:00:00.000Z',
      '2026-01-16T02:00:00.000Z',
    ].map((at) => untilOf(weekend, at));
    // Then
    expect([friday, saturdayMorning]).toEqual(['2026-01-17T05:30:00.000Z', '2026-01-17T05:30:00.000Z']);
    expect([saturdayNight, fridayMorning]).toEqual([undefined, undefined]);
  });

  test('may lie within one day, or last a whole one', () => {
    // Given
    const siesta = { ...NIGHT, from: '13:00', to: '15:00' };
    const always = { ...NIGHT, from: '00:00', to: '00:00' };
    // When
    const noons = ['2026-01-15T11:59:00.000Z', '2026-01-15T12:00:00.000Z', '2026-01-15T14:00:00.000Z'];
    // Then
    expect(noons.map((at) => untilOf(siesta, at))).toEqual([undefined, '2026-01-15T14:00:00.000Z', undefined]);
    expect(untilOf(always, '2026-01-15T12:00:00.000Z')).toBe('2026-01-15T23:00:00.000Z');
  });

  test('are broken through from a risk on', () => {
    // Given
    const policy = policyOf({ quiet_hours: { ...NIGHT, except_risk: 'high' } });
    // When
    const [medium, high] = (['medium', 'high'] as const).map((risk) => policy.decide(clipAt('2026-01-15T22:00:00.000Z', risk)));
    // Then
    expect([medium?.notify, high?.notify]).toEqual([false, true]);
  });

  test.each([
    ['the model failed', { analysis: vlmFailed }, true],
    ['the model is not done', { analysis: { state: 'pending' } }, true],
    ['the filter failed', { filter: filterFailed, analysis: { state: 'skipped', reason: 'filter_failed' } }, true],
    ['no model is asked', { analysis: { state: 'skipped', reason: 'run_mode_never' } }, false],
  ] as const)('with an exception for risks, %s: a fault never means silence', (_what, known, notify) => {
    // Given
    const policy = policyOf({ quiet_hours: { ...NIGHT, except_risk: 'critical' } });
    // When
    const decision = policy.decide({ ...clipAt('2026-01-15T22:00:00.000Z'), ...known });
    // Then
    expect(decision.notify).toBe(notify);
  });
});

describe('wishes for single cameras', () => {
  test('replace those for all, and may take them away', () => {
    // Given
    const own = { quiet_hours: null, cool_down_s: 30, group_visits: null };
    const policy = policyOf({ quiet_hours: NIGHT, cool_down_s: 600, group_visits: {}, overrides: { Yard: own } });
    // When
    const [front, yard, frontByDay] = [
      policy.decide(clipAt('2026-01-15T22:00:00.000Z')),
      policy.decide({ ...clipAt('2026-01-15T22:00:00.000Z'), cameraName: 'Yard' }),
      policy.decide(clipAt('2026-01-15T12:00:00.000Z')),
    ];
    // Then
    expect(front.heldBack?.reason).toBe('quiet_hours');
    expect(yard).toEqual({ notify: true, notifyReason: 'risk_level=high', terms: { coolDownMs: 30_000 } });
    expect(frontByDay.terms).toEqual({ coolDownMs: 600_000, visitGapMs: 60_000 });
  });

  test('are off unless configured', () => {
    // Given
    const policy = policyOf({});
    // When
    const decision = policy.decide(clipAt('2026-01-15T22:00:00.000Z'));
    // Then
    expect(decision).toEqual({ notify: true, notifyReason: 'risk_level=high' });
  });

  test.each([
    { quiet_hours: { from: '22:00', to: '06:00' } },
    { quiet_hours: { ...NIGHT, time_zone: 'Berlin' } },
    { quiet_hours: { ...NIGHT, from: '24:00' } },
    { quiet_hours: { ...NIGHT, days: [] } },
    { cool_down_s: -1 },
    { group_visits: true },
  ])('refuses %j', (config) => {
    // Given
    const schema = defaultPolicy.configSchema;
    // When
    const parsed = schema.safeParse(config);
    // Then
    expect(parsed.success).toBe(false);
  });
});
