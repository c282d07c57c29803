import {
  type BackfillCounts,
  type BackfillInput,
  type BackfillMemory,
  type BackfillProgress,
  costOf,
  NO_COUNTS,
} from '../src/domain/backfill.ts';

/** All that a backfill knows of itself. */
export interface BackfillRun {
  readonly input: BackfillInput;
  state: 'running' | 'done' | 'cancelled' | 'budget_reached';
  counts: BackfillCounts;
  total: number;
  readonly cursor: string | undefined;
  inHand: number;
  concurrency: number;
  pausedBecause: string | undefined;
  forgiven: number;
}

export function createBackfillRun(input: BackfillInput): BackfillRun {
  const {
    counts = NO_COUNTS,
    total = 0,
    cursor,
    concurrency = input.concurrency,
    pausedBecause,
    forgiven = 0,
  } = input.memory ?? {};
  return { input, state: 'running', inHand: 0, counts, total, cursor, concurrency, pausedBecause, forgiven };
}

export function memoryOf({ counts, total, concurrency, pausedBecause, forgiven }: BackfillRun): BackfillMemory {
  return { counts, total, concurrency, forgiven, ...(pausedBecause === undefined ? {} : { pausedBecause }) };
}

export function progressOf(run: BackfillRun): BackfillProgress {
  const { state, total, counts, inHand, concurrency, pausedBecause } = run;
  const isPaused = state === 'running' && pausedBecause !== undefined;
  return { state: isPaused ? 'paused' : state, total, counts, inHand, concurrency, ...(isPaused ? { pausedBecause } : {}) };
}

/** For the Temporal UI. */
export function detailsOf(run: BackfillRun): string {
  const { counts, total } = run;
  const { state, pausedBecause } = progressOf(run);
  const finished = counts.done + counts.skipped + counts.failed;
  const tokens = counts.promptTokens + counts.completionTokens;
  const rows: readonly (readonly [string, string | number])[] = [
    ['clips', `${finished} of ${total}`],
    ['done', counts.done],
    ['skipped', counts.skipped],
    ['failed', counts.failed],
    ['described', `${counts.described}, ${tokens} tokens, ${costOf(counts, run.input.plan.budget).toFixed(2)} paid`],
    ['would alert now', counts.newAlerts],
    ['would not any more', counts.lostAlerts],
    ['at once', run.concurrency],
  ];
  const heading =
    pausedBecause === undefined ? `**${state}**` : `**paused: ${pausedBecause}.** Send the update \`resume\` to go on.`;
  return [heading, '', '| | |', '|---|---|', ...rows.map(([what, value]) => `| ${what} | ${value} |`)].join('\n');
}
