import { expect, it } from 'vitest';
import { diffPage } from '../../../src/cli/backfill-page.ts';
import type { AnalysisRun } from '../../../src/domain/backfill.ts';
import { diffOf, NO_DIFFS } from '../../../src/domain/backfill-diff.ts';
import { createStory, FILTER_RESULT } from '../../support/clip-story.ts';

it('a page that has not all clips says how many are left out, and where they are', () => {
  // Given, When
  const [whole, partial] = [0, 7].map((more) => diffPage({ batch: 'november', summary: NO_DIFFS, clips: [], more }));
  // Then
  expect(whole).not.toContain('left out');
  expect(partial).toContain('7 more are left out; <code>homesec backfill diff november --format csv</code> has all.');
});

it('a clip on the page has what was seen before and now, and by which model', () => {
  // Given a clip in which another model sees a dog beside the person
  const filter = (model: string, detectedClasses: string[]) => ({ filterResult: { ...FILTER_RESULT, model, detectedClasses } });
  const run: AnalysisRun = {
    ...{ batch: 'november', clipId: createStory().clipId, outcome: 'done', configHashes: {}, told: false },
    before: filter('old', ['person']),
    after: filter('new', ['person', 'dog']),
  };
  const diff = diffOf(run);
  // When
  const page = diffPage({ batch: 'november', summary: NO_DIFFS, clips: [{ diff }], more: 0 });
  // Then
  expect(page).toContain('<th>seen</th><td>person (old)</td><td>person, dog (new)</td>');
  expect(page).not.toContain('<th>risk</th>');
});
