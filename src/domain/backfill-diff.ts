import { type AlertChange, type AnalysisRun, alertChangeOf, type ClipFindings, hasFindings } from './backfill.ts';
import type { Detection, FilterResult } from './detection.ts';
import type { ClipId } from './ids.ts';
import type { RiskLevel } from './risk.ts';

/** What a filter saw, and which model it was. */
type Seen = Pick<FilterResult, 'detectedClasses' | 'model'>;

/** What a run found in a clip against what was known before. */
export interface ClipDiff {
  readonly clipId: ClipId;
  /** Undefined where no filter had, or has, looked. */
  readonly seenBefore: Seen | undefined;
  readonly seenAfter: Seen | undefined;
  readonly classesAdded: readonly string[];
  readonly classesLost: readonly string[];
  /** Undefined where there was, or is, no description. */
  readonly riskBefore: RiskLevel | undefined;
  readonly riskAfter: RiskLevel | undefined;
  readonly alert: AlertChange | undefined;
  readonly reasonBefore: string;
  readonly reasonAfter: string;
  readonly summaryBefore: string;
  readonly summaryAfter: string;
  readonly isChanged: boolean;
  /** The sight that tells most: of a class that came, else of one that went, else of one that triggers, else the best. */
  readonly detection: Detection | undefined;
}

export function diffOf(run: AnalysisRun, triggerClasses: readonly string[] = []): ClipDiff {
  const { clipId, before, after } = run;
  const [seenBefore, seenAfter] = [seenBy(before), seenBy(after)];
  const [seen, sees] = [seenBefore?.detectedClasses ?? [], seenAfter?.detectedClasses ?? []];
  const classesAdded = sees.filter((name) => !seen.includes(name));
  const classesLost = seen.filter((name) => !sees.includes(name));
  const [was, is] = [before.filterResult?.detections ?? [], after.filterResult?.detections ?? []];
  const [riskBefore, riskAfter] = [before.analysisResult?.riskLevel, after.analysisResult?.riskLevel];
  const alert = alertChangeOf(run);
  return {
    ...{ clipId, seenBefore, seenAfter, classesAdded, classesLost, riskBefore, riskAfter, alert },
    reasonBefore: before.decision?.notifyReason ?? '',
    reasonAfter: after.decision?.notifyReason ?? '',
    summaryBefore: before.analysisResult?.summary ?? '',
    summaryAfter: after.analysisResult?.summary ?? '',
    isChanged: classesAdded.length + classesLost.length > 0 || riskBefore !== riskAfter || alert !== undefined,
    detection: bestOf(is, classesAdded) ?? bestOf(was, classesLost) ?? bestOf(is, triggerClasses) ?? is[0] ?? was[0],
  };
}

/** Detections come best first. */
const bestOf = (detections: readonly Detection[], classes: readonly string[]): Detection | undefined =>
  detections.find(({ className }) => classes.includes(className));

const seenBy = ({ filterResult }: ClipFindings): Seen | undefined =>
  filterResult && { detectedClasses: filterResult.detectedClasses, model: filterResult.model };

export interface DiffSummary {
  readonly clips: number;
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly classesChanged: number;
  readonly riskChanged: number;
  readonly wouldAlert: number;
  readonly wouldNotAlert: number;
}

export const NO_DIFFS: DiffSummary = {
  ...{ clips: 0, done: 0, skipped: 0, failed: 0, classesChanged: 0, riskChanged: 0, wouldAlert: 0, wouldNotAlert: 0 },
};

/** Only clips whose findings are whole are compared. */
export function addToSummary(summary: DiffSummary, run: AnalysisRun, diff: ClipDiff): DiffSummary {
  const counted = { ...summary, clips: summary.clips + 1, [run.outcome]: summary[run.outcome] + 1 };
  if (!hasFindings(run)) return counted;
  return {
    ...counted,
    classesChanged: summary.classesChanged + Number(diff.classesAdded.length + diff.classesLost.length > 0),
    riskChanged: summary.riskChanged + Number(diff.riskBefore !== diff.riskAfter),
    wouldAlert: summary.wouldAlert + Number(diff.alert === 'would'),
    wouldNotAlert: summary.wouldNotAlert + Number(diff.alert === 'would_not'),
  };
}
