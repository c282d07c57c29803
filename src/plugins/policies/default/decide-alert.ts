import type { AlertDecision, PolicyFacts } from '../../../domain/alert.ts';
import type { AnalysisResult } from '../../../domain/analysis.ts';
import type { KnownAnalysis } from '../../../domain/known.ts';
import { compareRisk, type RiskLevel } from '../../../domain/risk.ts';

/** The rules for one camera, its override already applied. */
export interface AlertRules {
  readonly minRiskLevel: RiskLevel;
  readonly notifyOnActivityTypes: readonly string[];
  readonly notifyOnMotion: boolean;
  readonly notifyUnverified: boolean;
}

/** Why there is no analysis, as the end of a reason. A model that was never meant to be asked needs no excuse. */
const WITHOUT_ANALYSIS: Readonly<Record<Exclude<KnownAnalysis['state'], 'done'>, string>> = {
  pending: '_vlm_pending',
  failed: '_vlm_failed',
  skipped: '',
};

const alert = (notifyReason: string): AlertDecision => ({ notify: true, notifyReason });
const silence = (notifyReason: string): AlertDecision => ({ notify: false, notifyReason });

/**
 * Decides whether a clip alerts. The first rule that applies wins: motion, then the analysis where there is one, then what
 * the filter saw. The words it answers with are stable and listed in the plugin's README.
 */
export function decideAlert(rules: AlertRules, facts: PolicyFacts): AlertDecision {
  if (rules.notifyOnMotion) return alert('notify_on_motion=true');
  if (facts.analysis.state === 'done') return decideByAnalysis(rules, facts.analysis.value);
  if (facts.filter.state !== 'done') {
    const reason = `unverified_filter_${facts.filter.state}`;
    return rules.notifyUnverified ? alert(reason) : silence(reason);
  }
  const seen = facts.filter.value.detectedClasses.some((className) => facts.triggerClasses.includes(className));
  return seen
    ? alert(`filter_detected_trigger${WITHOUT_ANALYSIS[facts.analysis.state]}`)
    : silence(`no_trigger_classes${WITHOUT_ANALYSIS[facts.analysis.state]}`);
}

function decideByAnalysis(rules: AlertRules, analysis: AnalysisResult): AlertDecision {
  if (compareRisk(analysis.riskLevel, rules.minRiskLevel) >= 0) return alert(`risk_level=${analysis.riskLevel}`);
  if (rules.notifyOnActivityTypes.includes(analysis.activityType)) return alert(`activity_type=${analysis.activityType}`);
  return silence('below_threshold');
}
