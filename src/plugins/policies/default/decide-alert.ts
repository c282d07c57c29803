import type { AlertDecision, AlertTerms, PolicyFacts } from '../../../domain/alert.ts';
import type { AnalysisResult } from '../../../domain/analysis.ts';
import type { Instant } from '../../../domain/instant.ts';
import type { KnownAnalysis } from '../../../domain/known.ts';
import { compareRisk, type RiskLevel } from '../../../domain/risk.ts';
import { type QuietHours, quietUntil } from './quiet-hours.ts';

/** The rules for one camera, its override already applied. */
export interface AlertRules {
  readonly minRiskLevel: RiskLevel;
  readonly notifyOnActivityTypes: readonly string[];
  readonly notifyOnMotion: boolean;
  readonly notifyUnverified: boolean;
  /** Missing where there are none. */
  readonly quietHours?: QuietHours;
  /** Missing where each clip alerts for itself. */
  readonly terms?: AlertTerms;
}

/** Why there is no analysis, as the end of a reason. A model that was never meant to be asked needs no excuse. */
const WITHOUT_ANALYSIS: Readonly<Record<Exclude<KnownAnalysis['state'], 'done'>, string>> = {
  pending: '_vlm_pending',
  failed: '_vlm_failed',
  skipped: '',
};

const alert = (notifyReason: string): AlertDecision => ({ notify: true, notifyReason });
const silence = (notifyReason: string): AlertDecision => ({ notify: false, notifyReason });

/** Decides whether a clip alerts, and how far the owner's wishes let it. The words it answers with are stable and listed in the plugin's README. */
export function decideAlert(rules: AlertRules, facts: PolicyFacts): AlertDecision {
  const decision = decideWorth(rules, facts);
  if (!decision.notify) return decision;
  const until = heldBackUntil(rules.quietHours, facts);
  if (until !== undefined) {
    const heldBack = { reason: 'quiet_hours', until, alertReason: decision.notifyReason } as const;
    return { ...silence(heldBack.reason), heldBack };
  }
  return rules.terms === undefined ? decision : { ...decision, terms: rules.terms };
}

/** By when a clip was recorded, so that it does not matter when it is asked, or how often. */
function heldBackUntil(quiet: QuietHours | undefined, facts: PolicyFacts): Instant | undefined {
  if (quiet === undefined || isAboveQuiet(quiet, facts)) return undefined;
  return quietUntil(quiet, facts.recordedStartAt);
}

/** A risk that a fault keeps unknown counts as high: silence is never the result of a fault. */
function isAboveQuiet({ exceptRisk }: QuietHours, { filter, analysis }: PolicyFacts): boolean {
  if (exceptRisk === undefined) return false;
  if (analysis.state === 'done') return compareRisk(analysis.value.riskLevel, exceptRisk) >= 0;
  return analysis.state !== 'skipped' || filter.state !== 'done';
}

/** The first rule that applies wins: motion, then the analysis where there is one, then what the filter saw. */
function decideWorth(rules: AlertRules, facts: PolicyFacts): AlertDecision {
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
