import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { type BackfillActivities, WORKER_SHUTDOWN } from '../src/domain/backfill-activities.ts';
import { err, ok, type Result } from '../src/domain/result.ts';
import { isRetryable, type PluginFailure, type StageError } from '../src/domain/stage-error.ts';
import type { Follower, RightOfWay } from '../src/kit/right-of-way.ts';
import type { Analyzer } from '../src/plugins/spec/analyzer.ts';
import type { Filter } from '../src/plugins/spec/filter.ts';
import type { Policy } from '../src/plugins/spec/policy.ts';
import type { Variants } from '../src/plugins/variants.ts';
import { createAnalyzeClip } from './analyze-clip.ts';
import type { ClipBytesDeps } from './clip-bytes.ts';
import { createDetectObjects } from './detect-objects.ts';
import { beatWhile } from './heartbeat.ts';

interface GivesWay {
  /** Of new clips and old ones in this process, for this stage. */
  readonly rightOfWay: RightOfWay;
}

export interface DetectAgainDeps extends ClipBytesDeps, GivesWay {
  readonly filters: Variants<Filter, PluginFailure>;
  readonly filterBackend: string;
}

/** On the GPU queue: as for a live clip, with the detector that the backfill asks for. It stands still while live ones need its place. */
export const createBackfillGpuActivities = ({
  filters,
  filterBackend,
  rightOfWay,
  ...bytes
}: DetectAgainDeps): Pick<BackfillActivities, 'detectAgain'> => ({
  detectAgain: async ({ override, ...source }) => {
    using follower = rightOfWay.lineUp();
    const giveWay = givingWay(follower);
    await giveWay();
    const seen = await filters.use(override, async ({ instance, configHash }) => {
      const seen = await createDetectObjects({ filter: instance, filterBackend, giveWay, ...bytes })(source);
      return seen.ok ? ok({ result: seen.value, configHash }) : goneForGood(seen);
    });
    return seen.ok ? seen.value : err({ kind: 'FilterError', clipId: source.clip.clipId, backend: filterBackend, ...seen.error });
  },
});

export interface DescribeAgainDeps extends ClipBytesDeps, GivesWay {
  readonly analyzers: Variants<Analyzer, PluginFailure>;
  readonly analyzerBackend: string;
}

/** On the queue of the vision-language model. A request that was sent is not taken back for a live clip: it is paid for. */
export const createBackfillVlmActivities = ({
  analyzers,
  analyzerBackend,
  rightOfWay,
  ...bytes
}: DescribeAgainDeps): Pick<BackfillActivities, 'describeAgain'> => ({
  describeAgain: async ({ override, ...request }) => {
    using follower = rightOfWay.lineUp();
    await givingWay(follower)();
    const told = await analyzers.use(override, async ({ instance, configHash }) => {
      const told = await createAnalyzeClip({ analyzer: instance, analyzerBackend, ...bytes })(request);
      return told.ok ? ok({ result: told.value, configHash }) : goneForGood(told);
    });
    return told.ok ? told.value : err({ kind: 'VLMError', clipId: request.clip.clipId, backend: analyzerBackend, ...told.error });
  },
});

function givingWay(follower: Follower): () => Promise<void> {
  const context = Context.current();
  const signal = context.cancellationSignal;
  return async () => {
    try {
      await beatWhile(context, follower.giveWay(signal));
    } catch (thrown) {
      signal.throwIfAborted();
      throw workerStops(thrown);
    }
  };
}

/** What waits is given back at once: there may be no place before the worker has to end. */
const workerStops = (cause: unknown): ApplicationFailure =>
  ApplicationFailure.create({
    type: WORKER_SHUTDOWN,
    message: 'the worker stops, and the clip had no place in it',
    category: ApplicationFailureCategory.BENIGN,
    ...(cause instanceof Error ? { cause } : {}),
  });

/** Beside the workflows. */
export const createDecideAgain =
  (policies: Variants<Policy, PluginFailure>): BackfillActivities['decideAgain'] =>
  async ({ facts, override }) => {
    const decided = await policies.use(override, ({ instance, configHash }) =>
      Promise.resolve({ result: instance.decide(facts), configHash }),
    );
    if (!decided.ok) {
      const { code, message } = decided.error;
      throw ApplicationFailure.create({ message, type: code, nonRetryable: !isRetryable(code) });
    }
    return decided.value;
  };

/** A live clip may wait for its upload; an old one whose bytes are nowhere has lost them. */
function goneForGood<E extends StageError>(failed: Result<never, E>): Result<never, E> {
  if (failed.ok || failed.error.code !== 'CLIP_NOT_STORED_YET') return failed;
  return err({ ...failed.error, code: 'CLIP_MISSING', message: `its bytes are nowhere: ${failed.error.message}` });
}
