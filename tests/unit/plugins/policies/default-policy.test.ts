import { describe, expect, test } from 'vitest';
import { ACTIVITY_TYPES } from '../../../../src/domain/analysis.ts';
import { defaultPolicy } from '../../../../src/plugins/policies/default/index.ts';
import type { ConfigFacts } from '../../../../src/plugins/spec/plugin.ts';
import { createTestContext } from '../../../support/plugin-context.ts';
import { analysisResult, filterFailed, filterResult } from '../../../support/policy-facts.ts';

const FACTS: ConfigFacts = { cameraNames: ['Front Door', 'Garden'], activityTypes: ACTIVITY_TYPES, filterClasses: ['person'] };

const policyOf = (config: unknown) => defaultPolicy.create(defaultPolicy.configSchema.parse(config), createTestContext());
const clip = (cameraName: string) => ({
  cameraName,
  recordedStartAt: '2026-11-23T02:27:00.000Z',
  triggerClasses: ['person'],
  filter: { state: 'done', value: filterResult(['person']) } as const,
  analysis: { state: 'done', value: analysisResult('low', 'passerby') } as const,
});
const problemsOf = (config: unknown, facts: ConfigFacts = FACTS) =>
  defaultPolicy.checkConfig?.(defaultPolicy.configSchema.parse(config), facts) ?? [];

describe('overrides', () => {
  test('change the rules of their camera only, and only the rules that they name', () => {
    // Given
    const policy = policyOf({
      notify_on_activity_types: ['passerby'],
      overrides: { 'Front Door': { notify_on_activity_types: [] }, Garden: { min_risk_level: 'critical' } },
    });
    // When
    const [front, garden, yard] = ['Front Door', 'Garden', 'Yard'].map((camera) => policy.decide(clip(camera)));
    // Then
    expect(front).toEqual({ notify: false, notifyReason: 'below_threshold' });
    expect(garden).toEqual({ notify: true, notifyReason: 'activity_type=passerby' });
    expect(yard).toEqual({ notify: true, notifyReason: 'activity_type=passerby' });
  });

  test('can set every rule', () => {
    // Given
    const policy = policyOf({
      overrides: { A: { min_risk_level: 'LOW' }, B: { notify_on_motion: true }, C: { notify_unverified: false } },
    });
    // When
    const [a, b] = ['A', 'B'].map((camera) => policy.decide(clip(camera)));
    const unverified = ['C', 'D'].map((camera) =>
      policy.decide({ ...clip(camera), filter: filterFailed, analysis: { state: 'skipped', reason: 'filter_failed' } }),
    );
    // Then
    expect(a?.notifyReason).toBe('risk_level=low');
    expect(b?.notifyReason).toBe('notify_on_motion=true');
    expect(unverified.map((decision) => decision.notify)).toEqual([false, true]);
  });

  test('a camera named like a property of every object has the ordinary rules', () => {
    // Given
    const policy = policyOf({ overrides: { Garden: { min_risk_level: 'low' } } });
    // When
    const decision = policy.decide(clip('constructor'));
    // Then
    expect(decision).toEqual({ notify: false, notifyReason: 'below_threshold' });
  });
});

describe('configuration', () => {
  test.each(['HIGH', 'High', ' high '])('reads the risk word %j whatever its case', (word) => {
    // Given
    const config = { min_risk_level: word };
    // When
    const parsed = defaultPolicy.configSchema.parse(config);
    // Then
    expect(parsed.min_risk_level).toBe('high');
  });

  test.each([
    { min_risk_level: 'severe' },
    { min_risk_level: 2 },
    { unknown_key: 1 },
    { overrides: { Garden: { minRisk: 'low' } } },
  ])('refuses %j', (config) => {
    // Given
    const schema = defaultPolicy.configSchema;
    // When
    const parsed = schema.safeParse(config);
    // Then
    expect(parsed.success).toBe(false);
  });

  test('finds rules for cameras that do not exist and words that nobody says, and names the nearest', () => {
    // Given
    const config = {
      notify_on_activity_types: ['passer_by', 'passerby', 'delivery'],
      overrides: { 'front door': { notify_on_activity_types: ['suspicious_behaviour'] }, Garden: {} },
    };
    // When
    const problems = problemsOf(config);
    // Then
    expect(problems.map(({ path }) => path.join('.'))).toEqual([
      'notify_on_activity_types.0',
      'notify_on_activity_types.2',
      'overrides.front door',
      'overrides.front door.notify_on_activity_types.0',
    ]);
    expect(problems[0]?.fix).toContain('Did you mean passerby?');
    expect(problems[1]?.fix).toMatch(/^Use one of: normal_delivery, /);
    expect(problems[2]?.fix).toContain('Did you mean Front Door?');
    expect(problems[3]?.fix).toContain('Did you mean suspicious_behavior?');
  });

  test('says so when there is no camera at all', () => {
    // Given
    const facts = { ...FACTS, cameraNames: [] };
    // When
    const problems = problemsOf({ overrides: { Garden: {} } }, facts);
    // Then
    expect(problems[0]?.fix).toContain('there is none');
  });

  test('finds nothing wrong with what can apply, nor with words of an analyzer that declares none', () => {
    // Given
    const config = { notify_on_activity_types: [' Passerby '], overrides: { Garden: { min_risk_level: 'low' } } };
    // When
    const declared = problemsOf(config);
    const undeclared = problemsOf({ notify_on_activity_types: ['raccoon'] }, { ...FACTS, activityTypes: [] });
    // Then
    expect([...declared, ...undeclared]).toEqual([]);
  });
});
