import { expect, it } from 'vitest';
import { diffPage } from '../../../src/cli/backfill-page.ts';
import { NO_DIFFS } from '../../../src/domain/backfill-diff.ts';

it('a page that has not all clips says how many are left out, and where they are', () => {
  // Given, When
  const [whole, partial] = [0, 7].map((more) => diffPage({ batch: 'november', summary: NO_DIFFS, clips: [], more }));
  // Then
  expect(whole).not.toContain('left out');
  expect(partial).toContain('7 more are left out; <code>homesec backfill diff november --format csv</code> has all.');
});
