import { ApplicationFailure } from '@temporalio/common';
import type { BackfillActivities } from '../src/domain/backfill-activities.ts';
import { err, ok, type Result } from '../src/domain/result.ts';
import { type PluginFailure, pluginFailure, type StageError } from '../src/domain/stage-error.ts';
import { describeLoadProblem, type PluginLoadProblem } from '../src/plugins/registry.ts';
import type { Analyzer } from '../src/plugins/spec/analyzer.ts';
import type { Filter } from '../src/plugins/spec/filter.ts';
import type { Policy } from '../src/plugins/spec/policy.ts';
import type { Variants } from '../src/plugins/variants.ts';
import { createAnalyzeClip } from './analyze-clip.ts';
import type { ClipBytesDeps } from './clip-bytes.ts';
import { createDetectObjects } from './detect-objects.ts';

export interface DetectAgainDeps extends ClipBytesDeps {
  readonly filters: Variants<Filter, PluginLoadProblem>;
  readonly filterBackend: string;
}

/** On the GPU queue: as for a live clip, with the detector that the backfill asks for. */
export const createBackfillGpuActivities = ({
  filters,
  filterBackend,
  ...bytes
}: DetectAgainDeps): Pick<BackfillActivities, 'detectAgain'> => ({
  detectAgain: async ({ override, ...source }) => {
    const seen = await filters.use(override, async ({ instance, configHash }) => {
      const seen = await createDetectObjects({ filter: instance, filterBackend, ...bytes })(source);
      return seen.ok ? ok({ result: seen.value, configHash }) : goneForGood(seen);
    });
    return seen.ok
      ? seen.value
      : err({ kind: 'FilterError', clipId: source.clip.clipId, backend: filterBackend, ...refused(seen.error) });
  },
});

export interface DescribeAgainDeps extends ClipBytesDeps {
  readonly analyzers: Variants<Analyzer, PluginLoadProblem>;
  readonly analyzerBackend: string;
}

/** On the queue of the vision-language model. */
export const createBackfillVlmActivities = ({
  analyzers,
  analyzerBackend,
  ...bytes
}: DescribeAgainDeps): Pick<BackfillActivities, 'describeAgain'> => ({
  describeAgain: async ({ override, ...request }) => {
    const told = await analyzers.use(override, async ({ instance, configHash }) => {
      const told = await createAnalyzeClip({ analyzer: instance, analyzerBackend, ...bytes })(request);
      return told.ok ? ok({ result: told.value, configHash }) : goneForGood(told);
    });
    return told.ok
      ? told.value
      : err({ kind: 'VLMError', clipId: request.clip.clipId, backend: analyzerBackend, ...refused(told.error) });
  },
});

/** Beside the workflows. */
export const createDecideAgain =
  (policies: Variants<Policy, PluginLoadProblem>): BackfillActivities['decideAgain'] =>
  async ({ facts, override }) => {
    const decided = await policies.use(override, ({ instance, configHash }) =>
      Promise.resolve({ result: instance.decide(facts), configHash }),
    );
    if (!decided.ok) {
      const { code, message } = refused(decided.error);
      throw ApplicationFailure.nonRetryable(message, code);
    }
    return decided.value;
  };

/** A live clip may wait for its upload; an old one whose bytes are nowhere has lost them. */
function goneForGood<E extends StageError>(failed: Result<never, E>): Result<never, E> {
  if (failed.ok || failed.error.code !== 'CLIP_NOT_STORED_YET') return failed;
  return err({ ...failed.error, code: 'CLIP_MISSING', message: `its bytes are nowhere: ${failed.error.message}` });
}

/** The worker's configuration is another one than that by which the backfill was started. */
const refused = (problem: PluginLoadProblem): PluginFailure => pluginFailure('OVERRIDE_REFUSED', describeLoadProblem(problem));
