import { describe, expect, test } from 'vitest';
import type { PolicyFacts } from '../../src/domain/alert.ts';
import type { KnownAnalysis, KnownFilter } from '../../src/domain/known.ts';
import { RISK_LEVELS } from '../../src/domain/risk.ts';
import type { Policy } from '../../src/plugins/spec/policy.ts';
import { analysisResult, filterFailed, filterResult, vlmFailed } from '../support/policy-facts.ts';

const FILTERS: readonly KnownFilter[] = [
  { state: 'pending' },
  filterFailed,
  { state: 'done', value: filterResult([]) },
  { state: 'done', value: filterResult(['person', 'dog']) },
];
const ANALYSES: readonly KnownAnalysis[] = [
  { state: 'pending' },
  vlmFailed,
  { state: 'skipped', reason: 'run_mode_never' },
  { state: 'skipped', reason: 'no_trigger_classes' },
  { state: 'skipped', reason: 'filter_failed' },
  ...RISK_LEVELS.map((risk): KnownAnalysis => ({ state: 'done', value: analysisResult(risk, 'unknown') })),
];
const ALL_FACTS: readonly PolicyFacts[] = FILTERS.flatMap((filter) =>
  ANALYSES.map((analysis) => ({
    cameraName: 'Front Door',
    recordedStartAt: '2026-11-23T02:27:00.000Z',
    triggerClasses: ['person'],
    filter,
    analysis,
  })),
);

/** Promises of every alert policy. `setup` makes a new instance with the same settings each time. */
export function describePolicy(name: string, setup: () => Policy): void {
  describe(`policy ${name}`, () => {
    test('decides on everything that can be known, with a stable word for its reason', () => {
      // Given
      const policy = setup();
      // When
      const decisions = ALL_FACTS.map((facts) => policy.decide(facts));
      // Then
      for (const decision of decisions) {
        expect(decision.notify).toBeTypeOf('boolean');
        expect(decision.notifyReason).toMatch(/^[a-z][a-z0-9_]*(=[a-z0-9_]+)?$/);
      }
    });

    test('is pure: order, repetition and instance do not matter, and facts are not changed', () => {
      // Given
      const frozen = ALL_FACTS.map((facts) => deepFreeze(structuredClone(facts)));
      const policy = setup();
      // When
      const first = frozen.map((facts) => policy.decide(facts));
      const again = frozen.toReversed().map((facts) => policy.decide(facts));
      const other = frozen.map((facts) => setup().decide(facts));
      // Then
      expect(again.toReversed()).toEqual(first);
      expect(other).toEqual(first);
    });

    test('answers with a value that survives being written as JSON', () => {
      // Given
      const decisions = ALL_FACTS.map((facts) => setup().decide(facts));
      // When
      const read: unknown = JSON.parse(JSON.stringify(decisions));
      // Then
      expect(read).toEqual(decisions);
    });
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
