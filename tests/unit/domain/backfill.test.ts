import { describe, expect, it } from 'vitest';
import { type AnalysisRun, addOutcome, isWithinBudget, NO_COUNTS, type ReanalyzeOutcome } from '../../../src/domain/backfill.ts';
import { addToSummary, diffOf, NO_DIFFS } from '../../../src/domain/backfill-diff.ts';
import { ANALYSIS_RESULT, createStory, FILTER_RESULT } from '../../support/clip-story.ts';

const BUDGET = { promptPrice: 2, completionPrice: 10 };
const DESCRIBED: ReanalyzeOutcome = {
  ...{ outcome: 'done', promptTokens: 900, completionTokens: 100, described: true, alertChange: 'would', told: true },
};
const after = (clips: number) => Array.from({ length: clips }, () => DESCRIBED).reduce(addOutcome, NO_COUNTS);

describe('a budget', () => {
  it('lets everything through when there is none', () => {
    // Given, When, Then
    expect(isWithinBudget(BUDGET, after(1_000), 50)).toBe(true);
  });

  it('lets one clip go ahead to learn what a clip takes', () => {
    // Given
    const budget = { ...BUDGET, maxTokens: 5_000 };
    // When
    const answers = [0, 1].map((inHand) => isWithinBudget(budget, NO_COUNTS, inHand));
    // Then
    expect(answers).toEqual([true, false]);
  });

  it('goes by clips that the model described, since the next ones may all be such', () => {
    // Given nine clips that nobody had to describe, and none or one that was
    const quiet: ReanalyzeOutcome = {
      ...{ outcome: 'done', promptTokens: 0, completionTokens: 0, described: false, told: false },
    };
    const nothing = Array.from({ length: 9 }, () => quiet).reduce(addOutcome, NO_COUNTS);
    const budget = { ...BUDGET, maxTokens: 2_500 };
    // When
    const answers = [nothing, addOutcome(nothing, DESCRIBED)].map((counts) =>
      [0, 1].map((inHand) => isWithinBudget(budget, counts, inHand)),
    );
    // Then one more at a time, whether its tokens are not known yet or fill the budget
    expect(answers).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  it.each([
    { limit: { maxTokens: 5_000 }, clips: 4, inHand: 0, within: true },
    { limit: { maxTokens: 5_000 }, clips: 4, inHand: 1, within: false },
    { limit: { maxTokens: 5_000 }, clips: 5, inHand: 0, within: false },
    // 900 tokens at 2 and 100 at 10, each for a million: 0.0028 for a clip.
    { limit: { maxCost: 0.0141 }, clips: 4, inHand: 0, within: true },
    { limit: { maxCost: 0.0139 }, clips: 4, inHand: 0, within: false },
  ])('counts what is in hand as if it were used: $limit after $clips with $inHand', ({ limit, clips, inHand, within }) => {
    // Given, When
    const answer = isWithinBudget({ ...BUDGET, ...limit }, after(clips), inHand);
    // Then
    expect(answer).toBe(within);
  });
});

describe('a diff', () => {
  const { clipId } = createStory();
  const RUN: AnalysisRun = {
    ...{ batch: 'b', clipId, outcome: 'done', configHashes: {}, told: false },
    before: { filterResult: FILTER_RESULT, decision: { notify: true, notifyReason: 'risk_level=high' } },
    after: { filterResult: FILTER_RESULT, decision: { notify: true, notifyReason: 'risk_level=high' } },
  };
  const silent = { notify: false, notifyReason: 'below_threshold' };

  it('says nothing of a clip in which all is as it was', () => {
    // Given, When, Then
    expect(diffOf(RUN)).toMatchObject({ isChanged: false, classesAdded: [], classesLost: [], alert: undefined });
  });

  it('names classes that came and went, another risk, and an alert that would be no more', () => {
    // Given
    const changed: AnalysisRun = {
      ...RUN,
      after: {
        filterResult: { ...FILTER_RESULT, detectedClasses: ['person', 'cat'] },
        analysisResult: { ...ANALYSIS_RESULT, riskLevel: 'low' },
        decision: silent,
      },
    };
    // When
    const diff = diffOf(changed);
    // Then
    expect(diff).toMatchObject({ isChanged: true, classesAdded: ['cat'], classesLost: ['dog'], riskAfter: 'low' });
    expect(diff).toMatchObject({ alert: 'would_not', reasonBefore: 'risk_level=high', reasonAfter: 'below_threshold' });
  });

  it('points at what tells most: what came, what went, what triggers, what is seen best', () => {
    // Given a person and a dog, the person best, seen before, after, or both
    const [person, dog] = FILTER_RESULT.detections;
    const seen = (...detections: (typeof person)[]) => {
      const found = detections.flatMap((detection) => detection ?? []);
      return { filterResult: { ...FILTER_RESULT, detections: found, detectedClasses: found.map(({ className }) => className) } };
    };
    const [both, one] = [seen(person, dog), seen(person)];
    // When
    const pointed = [
      diffOf({ ...RUN, before: one, after: both }),
      diffOf({ ...RUN, before: both, after: one }),
      diffOf({ ...RUN, before: both, after: both }, ['dog']),
      diffOf({ ...RUN, before: both, after: both }, ['car']),
      diffOf({ ...RUN, before: one, after: {} }),
    ].map(({ detection }) => detection);
    // Then
    expect(pointed).toEqual([dog, dog, dog, person, person]);
  });

  it('takes a clip that never was decided for one that did not alert', () => {
    // Given
    const [undecided, decided] = [{ filterResult: FILTER_RESULT }, RUN.after];
    // When
    const alerts = [decided, { decision: silent }, {}].map((found) => diffOf({ ...RUN, before: undecided, after: found }).alert);
    // Then
    expect(alerts).toEqual(['would', undefined, undefined]);
  });

  it('takes a clip that a cool-down held back for one that was worth an alert', () => {
    // Given
    const cooled = { filterResult: FILTER_RESULT, decision: { notify: false, notifyReason: 'cool_down' } };
    // When
    const alerts = [RUN.after, { decision: silent }].map((found) => diffOf({ ...RUN, before: cooled, after: found }).alert);
    // Then
    expect(alerts).toEqual([undefined, 'would_not']);
  });

  it('counts only what was done', () => {
    // Given a run that failed half-way, and one that changed the alert
    const failed: AnalysisRun = { ...RUN, outcome: 'failed', after: {} };
    const changed: AnalysisRun = { ...RUN, after: { ...RUN.after, decision: silent } };
    // When
    const summary = [failed, changed].reduce((sum, run) => addToSummary(sum, run, diffOf(run)), NO_DIFFS);
    // Then
    expect(summary).toEqual({ ...NO_DIFFS, clips: 2, failed: 1, done: 1, wouldNotAlert: 1 });
  });

  it('counts what was found where only the alert did not get through', () => {
    // Given
    const error = { stage: 'notify', code: 'NOTIFY_UNREACHABLE', message: 'away' } as const;
    const untold: AnalysisRun = { ...RUN, outcome: 'failed', error, after: { ...RUN.after, decision: silent } };
    // When
    const summary = addToSummary(NO_DIFFS, untold, diffOf(untold));
    // Then
    expect(summary).toEqual({ ...NO_DIFFS, clips: 1, failed: 1, wouldNotAlert: 1 });
  });
});
