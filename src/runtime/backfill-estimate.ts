import { stat } from 'node:fs/promises';
import type { BackfillPlan } from '../domain/backfill.ts';
import type { ClipsEstimate } from '../repository/analysis-runs.ts';

/** What a backfill is expected to take, by what the same clips took when they were new. */
export interface BackfillEstimate {
  readonly clips: number;
  /** Bytes that no longer lie on this machine, and have to come from storage. */
  readonly fetchClips: number;
  readonly fetchBytes: number;
  /** Clips that the model will probably describe. */
  readonly described: number;
  readonly tokens: number;
  /** 0 where nothing is known of earlier times. */
  readonly minutes: number;
}

/** Clips at once: of the run, and of the workers. */
export interface Concurrency {
  readonly run: number;
  readonly filter: number;
  readonly vlm: number;
}

export async function estimateBackfill(plan: BackfillPlan, past: ClipsEstimate, atOnce: Concurrency): Promise<BackfillEstimate> {
  const { filter, vlm } = plan.overrides;
  const needsBytes = filter !== undefined || vlm !== undefined;
  const away = needsBytes ? await filesAway(past.files) : [];
  const described = vlm === undefined || plan.runMode === 'never' ? 0 : plan.runMode === 'always' ? past.clips : past.described;
  const filterMs = filter === undefined ? 0 : past.clips * past.filterMs;
  const vlmMs = described * past.vlmMs;
  // The slowest of three: the detector, the model, and the window of the run.
  const tookMs = Math.max(
    filterMs / Math.min(atOnce.run, atOnce.filter),
    vlmMs / Math.min(atOnce.run, atOnce.vlm),
    (filterMs + vlmMs) / atOnce.run,
  );
  return {
    clips: past.clips,
    fetchClips: away.length,
    fetchBytes: away.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    described,
    tokens: Math.round(described * past.tokens),
    minutes: tookMs / 60_000,
  };
}

async function filesAway(files: ClipsEstimate['files']): Promise<ClipsEstimate['files']> {
  const away: (typeof files)[number][] = [];
  for (const file of files) {
    const found = await stat(file.path).catch(() => undefined);
    if (found?.size !== file.sizeBytes) away.push(file);
  }
  return away;
}
