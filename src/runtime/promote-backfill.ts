import { createHash } from 'node:crypto';
import { hasFindings } from '../domain/backfill.ts';
import type { ClipState } from '../domain/clip-state.ts';
import type { ClipEvent, NewClipEvent } from '../domain/events.ts';
import type { VLMSkipReason } from '../domain/known.ts';
import { ok, type Result } from '../domain/result.ts';
import type { AnalysisRuns, StoredRun } from '../repository/analysis-runs.ts';
import type { ClipRepository } from '../repository/clip-repository.ts';
import type { RepositoryError } from '../repository/repository-error.ts';

export interface PromoteDeps {
  readonly clips: Pick<ClipRepository, 'get' | 'append'>;
  readonly runs: Pick<AnalysisRuns, 'markPromoted'>;
}

/**
 * Makes what a run found the clip's own, as events that its state is folded from. Done twice, it changes nothing: the same
 * findings of a run always become events with the same ids.
 * @returns false for a run whose findings are not whole, is promoted already, or whose clip is deleted or unreadable.
 */
export async function promoteRun({ clips, runs }: PromoteDeps, run: StoredRun): Promise<Result<boolean, RepositoryError>> {
  if (!hasFindings(run) || run.promoted) return ok(false);
  const found = await clips.get(run.clipId);
  if (!found.ok) return found.error.code === 'ROW_UNREADABLE' ? ok(false) : found;
  const state = found.value;
  if (state === undefined || state.status === 'deleted') return ok(false);
  const appended = await clips.append(run.clipId, stamped(findingsOf(run, state), run, state));
  if (!appended.ok) return appended;
  const marked = await runs.markPromoted(run.batch, run.clipId);
  return marked.ok ? ok(true) : marked;
}

function findingsOf(run: StoredRun, state: ClipState): NewClipEvent[] {
  const { filterResult, analysisResult, vlmSkipReason, decision } = run.after;
  const events: NewClipEvent[] = [];
  if (run.configHashes.filter !== undefined && filterResult !== undefined) {
    const prior = state.filterResult === undefined ? {} : { priorFilter: state.filterResult };
    events.push({ eventType: 'clip_rechecked', reason: 'backfill', runId: run.batch, ...prior, recheckFilter: filterResult });
  }
  if (run.configHashes.vlm !== undefined && analysisResult !== undefined) {
    events.push({ eventType: 'vlm_completed', attempt: 1, durationMs: 0, ...analysisResult });
  } else if (vlmSkipReason !== undefined && vlmSkipReason !== state.vlmSkipReason) {
    // Written by `whySkipAnalysis`, which knows no other reasons.
    events.push({ eventType: 'vlm_skipped', reason: vlmSkipReason as VLMSkipReason });
  }
  if (decision === undefined) return events;
  const seen = filterResult === undefined ? {} : { detectedClasses: filterResult.detectedClasses };
  const risk = analysisResult === undefined ? {} : { vlmRisk: analysisResult.riskLevel };
  const { notify, notifyReason } = decision;
  const unverified = filterResult === undefined;
  events.push({ eventType: 'alert_decision_made', shouldNotify: notify, reason: notifyReason, unverified, ...seen, ...risk });
  return events;
}

function stamped(events: readonly NewClipEvent[], { batch, clipId, after }: StoredRun, state: ClipState): ClipEvent[] {
  const timestamp = new Date().toISOString();
  const sequence = Math.max(state.lastSequence + 1, Date.now() * 1000);
  return events.map((event, index) => ({
    ...event,
    id: uuidOf(`${batch} ${clipId} ${event.eventType} ${JSON.stringify(after)}`),
    clipId,
    generation: state.generation,
    sequence: sequence + index,
    timestamp,
  }));
}

/** A UUID (RFC 9562, version 8) made of a hash: the same text, the same id. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
