import type { Command } from 'commander';
import { addBackfillControls } from './backfill-controls.ts';
import { addBackfillDiff } from './backfill-diff.ts';
import { addBackfillList } from './backfill-list.ts';
import { addBackfillPromote } from './backfill-promote.ts';
import { addBackfillStart } from './backfill-start.ts';
import { addBackfillStatus } from './backfill-status.ts';

export function addBackfill(program: Command): void {
  const backfill = program
    .command('backfill')
    .summary('analyse old clips again, compare, and promote')
    .description(
      'Analyses a range of clips again with another model, prompt or policy, behind everything live. Nothing is overwritten until `promote`.',
    );
  addBackfillStart(backfill);
  addBackfillStatus(backfill);
  addBackfillControls(backfill);
  addBackfillList(backfill);
  addBackfillDiff(backfill);
  addBackfillPromote(backfill);
}
