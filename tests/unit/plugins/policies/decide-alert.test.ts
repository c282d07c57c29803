import { describe, expect, test } from 'vitest';
import type { PolicyFacts } from '../../../../src/domain/alert.ts';
import type { KnownAnalysis, KnownFilter } from '../../../../src/domain/known.ts';
import { RISK_LEVELS, type RiskLevel } from '../../../../src/domain/risk.ts';
import { type AlertRules, decideAlert } from '../../../../src/plugins/policies/default/decide-alert.ts';
import { analysisResult, filterFailed, filterResult, vlmFailed } from '../../../support/policy-facts.ts';

const RULES: AlertRules = {
  minRiskLevel: 'medium',
  notifyOnActivityTypes: [],
  notifyOnMotion: false,
  notifyUnverified: true,
};

const FILTERS = {
  pending: { state: 'pending' },
  failed: filterFailed,
  person: { state: 'done', value: filterResult(['dog', 'person']) },
  dog: { state: 'done', value: filterResult(['dog']) },
  nothing: { state: 'done', value: filterResult([]) },
} as const satisfies Record<string, KnownFilter>;

const ANALYSES = {
  pending: { state: 'pending' },
  failed: vlmFailed,
  never: { state: 'skipped', reason: 'run_mode_never' },
  untriggered: { state: 'skipped', reason: 'no_trigger_classes' },
  unfiltered: { state: 'skipped', reason: 'filter_failed' },
  low: { state: 'done', value: analysisResult('low', 'passerby') },
  high: { state: 'done', value: analysisResult('high', 'suspicious_behavior') },
} as const satisfies Record<string, KnownAnalysis>;

type FilterName = keyof typeof FILTERS;
type AnalysisName = keyof typeof ANALYSES;

const factsOf = (filter: KnownFilter, analysis: KnownAnalysis): PolicyFacts => ({
  cameraName: 'Front Door',
  recordedStartAt: '2026-11-23T02:27:00.000Z',
  triggerClasses: ['person', 'car'],
  filter,
  analysis,
});

/** Every combination of what is known about the two stages. */
const TABLE: readonly (readonly [FilterName, AnalysisName, boolean, string])[] = [
  ['pending', 'pending', true, 'unverified_filter_pending'],
  ['pending', 'failed', true, 'unverified_filter_pending'],
  ['pending', 'never', true, 'unverified_filter_pending'],
  ['pending', 'untriggered', true, 'unverified_filter_pending'],
  ['pending', 'unfiltered', true, 'unverified_filter_pending'],
  ['pending', 'low', false, 'below_threshold'],
  ['pending', 'high', true, 'risk_level=high'],
  ['failed', 'pending', true, 'unverified_filter_failed'],
  ['failed', 'failed', true, 'unverified_filter_failed'],
  ['failed', 'never', true, 'unverified_filter_failed'],
  ['failed', 'untriggered', true, 'unverified_filter_failed'],
  ['failed', 'unfiltered', true, 'unverified_filter_failed'],
  ['failed', 'low', false, 'below_threshold'],
  ['failed', 'high', true, 'risk_level=high'],
  ['person', 'pending', true, 'filter_detected_trigger_vlm_pending'],
  ['person', 'failed', true, 'filter_detected_trigger_vlm_failed'],
  ['person', 'never', true, 'filter_detected_trigger'],
  ['person', 'untriggered', true, 'filter_detected_trigger'],
  ['person', 'unfiltered', true, 'filter_detected_trigger'],
  ['person', 'low', false, 'below_threshold'],
  ['person', 'high', true, 'risk_level=high'],
  ['dog', 'pending', false, 'no_trigger_classes_vlm_pending'],
  ['dog', 'failed', false, 'no_trigger_classes_vlm_failed'],
  ['dog', 'never', false, 'no_trigger_classes'],
  ['dog', 'untriggered', false, 'no_trigger_classes'],
  ['dog', 'unfiltered', false, 'no_trigger_classes'],
  ['dog', 'low', false, 'below_threshold'],
  ['dog', 'high', true, 'risk_level=high'],
  ['nothing', 'pending', false, 'no_trigger_classes_vlm_pending'],
  ['nothing', 'failed', false, 'no_trigger_classes_vlm_failed'],
  ['nothing', 'never', false, 'no_trigger_classes'],
  ['nothing', 'untriggered', false, 'no_trigger_classes'],
  ['nothing', 'unfiltered', false, 'no_trigger_classes'],
  ['nothing', 'low', false, 'below_threshold'],
  ['nothing', 'high', true, 'risk_level=high'],
];

describe('what is known decides', () => {
  test('the table leaves no combination out', () => {
    // Given
    const listed = new Set(TABLE.map(([filter, analysis]) => `${filter} ${analysis}`));
    // When
    const all = Object.keys(FILTERS).flatMap((filter) => Object.keys(ANALYSES).map((analysis) => `${filter} ${analysis}`));
    // Then
    expect(all.filter((combination) => !listed.has(combination))).toEqual([]);
  });

  test.each(TABLE)('filter %s, analysis %s: notify %s, %s', (filter, analysis, notify, notifyReason) => {
    // Given
    const facts = factsOf(FILTERS[filter], ANALYSES[analysis]);
    // When
    const decision = decideAlert(RULES, facts);
    // Then
    expect(decision).toEqual({ notify, notifyReason });
  });

  test.each(TABLE)('notify_on_motion alerts whatever is known: filter %s, analysis %s', (filter, analysis) => {
    // Given
    const facts = factsOf(FILTERS[filter], ANALYSES[analysis]);
    // When
    const decision = decideAlert({ ...RULES, notifyOnMotion: true }, facts);
    // Then
    expect(decision).toEqual({ notify: true, notifyReason: 'notify_on_motion=true' });
  });

  test.each(TABLE)('without notify_unverified only unverified clips change: filter %s, analysis %s', (filter, analysis) => {
    // Given
    const facts = factsOf(FILTERS[filter], ANALYSES[analysis]);
    const usual = decideAlert(RULES, facts);
    // When
    const decision = decideAlert({ ...RULES, notifyUnverified: false }, facts);
    // Then
    const unverified = usual.notifyReason.startsWith('unverified_');
    expect(decision).toEqual({ ...usual, notify: usual.notify && !unverified });
  });
});

describe('a described clip', () => {
  const pairs = RISK_LEVELS.flatMap((risk) => RISK_LEVELS.map((min): [RiskLevel, RiskLevel] => [risk, min]));

  test.each(pairs)('of risk %s under min_risk_level %s', (risk, minRiskLevel) => {
    // Given
    const facts = factsOf(FILTERS.person, { state: 'done', value: analysisResult(risk, 'passerby') });
    // When
    const decision = decideAlert({ ...RULES, minRiskLevel }, facts);
    // Then
    const notify = RISK_LEVELS.indexOf(risk) >= RISK_LEVELS.indexOf(minRiskLevel);
    expect(decision).toEqual({ notify, notifyReason: notify ? `risk_level=${risk}` : 'below_threshold' });
  });

  test('alerts by its activity below the risk, and names the risk when both apply', () => {
    // Given
    const rules: AlertRules = { ...RULES, notifyOnActivityTypes: ['passerby', 'suspicious_behavior'] };
    // When
    const byActivity = decideAlert(rules, factsOf(FILTERS.dog, ANALYSES.low));
    const byBoth = decideAlert(rules, factsOf(FILTERS.dog, ANALYSES.high));
    // Then
    expect(byActivity).toEqual({ notify: true, notifyReason: 'activity_type=passerby' });
    expect(byBoth).toEqual({ notify: true, notifyReason: 'risk_level=high' });
  });
});
