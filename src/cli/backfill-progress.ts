import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { BackfillProgress } from '../domain/backfill.ts';
import { backfillProgress } from '../temporal/backfill.ts';
import { fromTemporal } from './backfill-servers.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { createProgressLine } from './progress-line.ts';

const LOOK_EVERY_MS = 1_000;
const BAR_WIDTH = 30;

export const finishedOf = ({ counts }: BackfillProgress): number => counts.done + counts.skipped + counts.failed;

/** `[#####-----]  50 %  100 of 200, 3 failed` on a terminal; elsewhere a line at each tenth. */
function wordsOf(progress: BackfillProgress): string {
  const finished = finishedOf(progress);
  const { state, pausedBecause, counts, total } = progress;
  // How many there are is counted first.
  const part = total === 0 ? Number(state === 'done') : Math.min(1, finished / total);
  const standing = pausedBecause === undefined ? state : `paused: ${pausedBecause}`;
  if (!process.stderr.isTTY) return `${standing}, ${Math.floor(part * 10) * 10} %, ${counts.failed} failed`;
  const filled = Math.round(part * BAR_WIDTH);
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_WIDTH - filled);
  return `[${bar}] ${String(Math.floor(part * 100)).padStart(3)} %  ${finished} of ${total}, ${counts.failed} failed, ${standing}`;
}

/** Shows how far a backfill has come until it ends or pauses. A server that is away meanwhile is waited for. */
export async function followBackfill(client: Client, batch: string): Promise<BackfillProgress> {
  const line = createProgressLine();
  try {
    for (;;) {
      const progress = await backfillProgress(client, batch).catch(() => 'away' as const);
      if (progress === undefined) throw new CliError('Temporal knows no backfill of this name', EXIT.failed);
      line.show(progress === 'away' ? 'nobody answers; waiting' : wordsOf(progress));
      if (progress !== 'away' && progress.state !== 'running') return progress;
      await delay(LOOK_EVERY_MS);
    }
  } finally {
    line.end();
  }
}

export const askProgress = (client: Client, batch: string) => fromTemporal(backfillProgress(client, batch));
