import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import {
  addOutcome,
  type BackfillInput,
  type BackfillMemory,
  type BackfillProgress,
  backfillPriority,
  isLimited,
  isWithinBudget,
  REANALYZE_CLIP,
  type ReanalyzeOutcome,
  reanalyzeWorkflowIdOf,
} from '../src/domain/backfill.ts';
import type { BackfillProxies } from '../src/domain/backfill-activities.ts';
import type { ClipId } from '../src/domain/ids.ts';
import { SEARCH_ATTRIBUTES } from '../src/domain/process-clip.ts';
import { causesOf } from '../src/domain/stage-error.ts';
import { answerBackfillMessages } from './backfill-messages.ts';
import { type BackfillRun, createBackfillRun, detailsOf, memoryOf, progressOf } from './backfill-run.ts';
import type { reanalyzeClip } from './reanalyze-clip.ts';
import { BACKFILL_POLICIES } from './stage-policies.ts';

const BATCH = defineSearchAttributeKey('ClipBatch', SEARCH_ATTRIBUTES.ClipBatch);

/**
 * Analyses a selection of clips again, newest first: page by page, in each a window of children, one for each clip. A page
 * ends when its last child has ended, so that nothing is in flight when the next run of the workflow takes over.
 */
export async function backfillAnalysis(input: BackfillInput): Promise<BackfillProgress> {
  const { batch, plan } = input;
  const { listClipsToAnalyze, countClipsToAnalyze } = proxyActivities<BackfillProxies>(BACKFILL_POLICIES.database(batch));
  const work = new CancellationScope();
  const run = createBackfillRun(input);
  answerBackfillMessages(run, () => work.cancel());
  try {
    return await work.run(async () => {
      if (input.memory === undefined) run.total = await countClipsToAnalyze(plan.selection);
      const { cursor } = run;
      const page = await listClipsToAnalyze({ selection: plan.selection, ...(cursor === undefined ? {} : { cursor }) });
      for (const clipId of page.clipIds) {
        if (!(await mayBegin(run))) break;
        begin(run, clipId);
      }
      await condition(() => run.inHand === 0);
      if (page.nextCursor === undefined || run.state === 'budget_reached') return await end(run);
      return await nextPage(input, { ...memoryOf(run), cursor: page.nextCursor });
    });
  } catch (thrown) {
    if (!isCancellation(thrown) || run.state !== 'cancelled') throw thrown;
    await condition(() => run.inHand === 0);
    return await end(run);
  }
}

/** Waits for a place in the window. @returns false once the budget is used up. */
async function mayBegin(run: BackfillRun): Promise<boolean> {
  const { budget } = run.input.plan;
  const affordable = () => isWithinBudget(budget, run.counts, run.inHand);
  const hasPlace = () => run.pausedBecause === undefined && run.inHand < run.concurrency && affordable();
  await condition(() => hasPlace() || (run.inHand === 0 && !affordable()));
  if (!affordable()) run.state = 'budget_reached';
  return run.state === 'running';
}

/** Nobody awaits the clip here: the window does. */
function begin(run: BackfillRun, clipId: ClipId): void {
  run.inHand += 1;
  void analyzeOne(run, clipId).then((outcome) => {
    run.inHand -= 1;
    if (outcome === undefined) return;
    run.counts = addOutcome(run.counts, outcome);
    run.pausedBecause ??= whyPause(run, outcome);
    setCurrentDetails(detailsOf(run));
  });
}

function whyPause({ input: { plan }, counts, forgiven }: BackfillRun, last: ReanalyzeOutcome): string | undefined {
  const failures = counts.failed - forgiven;
  if (last.outcome === 'failed' && failures >= plan.maxErrors) return `${failures} clips failed`;
  const uncounted = last.described && last.promptTokens + last.completionTokens === 0;
  // Said once: who goes on knows it.
  if (uncounted && counts.described === 1 && isLimited(plan.budget))
    return 'the model server counts no tokens, so the budget cannot be kept';
  return undefined;
}

/** @returns undefined when it was called off. */
async function analyzeOne(run: BackfillRun, clipId: ClipId): Promise<ReanalyzeOutcome | undefined> {
  const { batch, plan } = run.input;
  try {
    return await executeChild<typeof reanalyzeClip>(REANALYZE_CLIP, {
      workflowId: reanalyzeWorkflowIdOf(batch, clipId),
      // After a reset, one that the former run has begun may still be there. Children have no conflict policy.
      workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
      args: [{ batch, clipId, plan }],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      priority: backfillPriority(batch),
      typedSearchAttributes: new TypedSearchAttributes([{ key: BATCH, value: batch }]),
      staticSummary: `${clipId} · backfill ${batch}`,
    });
  } catch (thrown) {
    if (isCancellation(thrown)) return undefined;
    return await recordLoss(batch, clipId, thrown);
  }
}

/** A child that failed as a whole, or that a person terminated, stands in the list like every other clip. */
async function recordLoss(batch: string, clipId: ClipId, thrown: unknown): Promise<ReanalyzeOutcome | undefined> {
  const { recordAnalysisRun } = proxyActivities<BackfillProxies>(BACKFILL_POLICIES.database(batch));
  const message = causesOf(thrown).at(-1)?.message ?? 'ended without a reason';
  const nothing = { before: {}, after: {}, configHashes: {}, told: false };
  const error = { stage: 'workflow', code: 'UNEXPECTED', message } as const;
  try {
    await recordAnalysisRun({ batch, clipId, outcome: 'failed', ...nothing, error });
  } catch (cancelled) {
    if (isCancellation(cancelled)) return undefined;
    throw cancelled;
  }
  return { outcome: 'failed', promptTokens: 0, completionTokens: 0, described: false, told: false };
}

async function nextPage(input: BackfillInput, memory: BackfillMemory): Promise<never> {
  await condition(allHandlersFinished);
  return continueAsNew<typeof backfillAnalysis>({ ...input, memory });
}

async function end(run: BackfillRun): Promise<BackfillProgress> {
  if (run.state === 'running') run.state = 'done';
  setCurrentDetails(detailsOf(run));
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return progressOf(run);
}
