import { expect, it } from 'vitest';
import { BACKLOG_SIGNAL, backlogWorkflowIdOf, SUMMARIZE_BACKLOG } from '../../../src/domain/backlog.ts';

it('a camera has one summary at a time, and no two cameras share one', () => {
  // Given cameras whose names make the same slug
  const names = ['Hof 1', 'Hof-1', 'hof/1', 'Höf 1', '玄関', '裏口'];
  // When their summaries are named
  const ids = names.map(backlogWorkflowIdOf);
  // Then each has its own, the same each time, that says whose it is
  expect(new Set(ids).size).toBe(names.length);
  expect(backlogWorkflowIdOf('Hof 1')).toBe('backlog-hof-1-Hof%201');
});

it('names of workflow and signal stay, for running workflows know them', () => {
  // Given workflows that run while the program is upgraded
  // When they are spoken to
  // Then it is by these names
  expect([SUMMARIZE_BACKLOG, BACKLOG_SIGNAL]).toEqual(['summarizeBacklog', 'addToBacklog']);
});
