import { expect, test } from 'vitest';
import { noopPolicy } from '../../../../src/plugins/policies/noop/index.ts';
import { createTestContext } from '../../../support/plugin-context.ts';
import { analysisResult, filterResult } from '../../../support/policy-facts.ts';

test('stays silent even about the worst, and says that it is switched off', () => {
  // Given
  const policy = noopPolicy.create(noopPolicy.configSchema.parse({}), createTestContext());
  // When
  const decision = policy.decide({
    cameraName: 'Front Door',
    recordedStartAt: '2026-11-23T02:27:00.000Z',
    triggerClasses: ['person'],
    filter: { state: 'done', value: filterResult(['person']) },
    analysis: { state: 'done', value: analysisResult('critical', 'dangerous_activity') },
  });
  // Then
  expect(decision).toEqual({ notify: false, notifyReason: 'alert_policy_disabled' });
});

test('refuses settings, which could have no effect', () => {
  // Given
  const config = { min_risk_level: 'low' };
  // When
  const parsed = noopPolicy.configSchema.safeParse(config);
  // Then
  expect(parsed.success).toBe(false);
});
