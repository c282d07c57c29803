import type { FilterResult } from '../../../domain/detection.ts';
import { nearestTo } from '../../../domain/nearest.ts';
import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import { createDetectorPool, type DetectorPool } from '../../../inference/detector-pool.ts';
import { type ModelFile, readModelFile } from '../../../inference/model-file.ts';
import type { Filter, FilterRequest } from '../../spec/filter.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { YoloConfig } from './config.ts';
import { type Detected, detectClip } from './detect-clip.ts';
import { classesOf, settingsFor } from './settings.ts';

interface OpenModel {
  readonly model: ModelFile;
  readonly pool: DetectorPool;
}

/** The detector as the pipeline sees it. The model is found when it is first needed, and looked for again while it is missing. */
export function createYoloFilter(config: YoloConfig, context: PluginContext): Filter {
  let opened: OpenModel | undefined;
  const open = async (): Promise<Result<OpenModel, PluginFailure>> => {
    if (opened !== undefined) return ok(opened);
    const model = await readModelFile(config.model, context.modelsDir);
    if (!model.ok) return model;
    const problem = unknownClass(config, model.value);
    if (problem !== undefined) return err(problem);
    // Another call may have come here first.
    opened ??= { model: model.value, pool: createDetectorPool(model.value, config.provider) };
    return ok(opened);
  };
  const close = async (): Promise<void> => {
    const { pool } = opened ?? {};
    opened = undefined;
    await pool?.close();
  };
  /** A model that cannot be used is read anew next time: the owner may have put it right. */
  const settle = async <T>(result: Result<T, PluginFailure>): Promise<Result<T, PluginFailure>> => {
    if (!result.ok && result.error.code === 'FILTER_MODEL_UNAVAILABLE') await close();
    return result;
  };
  return {
    detect: async (request) => {
      request.signal.throwIfAborted();
      const ours = await open();
      if (!ours.ok) return ours;
      const detected = await settle(await detectWith(ours.value, config, request));
      if (!detected.ok) return detected;
      logCost(context, request, detected.value);
      return ok(resultOf(ours.value.model, detected.value));
    },
    ping: async () => {
      const ours = await open();
      if (!ours.ok) return ours;
      const { ready, giveBack } = ours.value.pool.lease();
      const loaded = await ready;
      await giveBack(loaded.ok ? 'idle' : 'spoiled');
      return await settle(loaded);
    },
    close,
  };
}

async function detectWith(
  { model, pool }: OpenModel,
  config: YoloConfig,
  request: FilterRequest,
): Promise<Result<Detected, PluginFailure>> {
  const { detector, ready, giveBack } = pool.lease();
  // An aborted clip may leave frames unanswered.
  let condition: 'idle' | 'spoiled' = 'spoiled';
  try {
    const settings = settingsFor(config, request.cameraName);
    const detected = await detectClip({ request, settings, input: model.manifest.input, detector, ready });
    condition = 'idle';
    return detected;
  } finally {
    await giveBack(condition);
  }
}

function resultOf({ manifest }: ModelFile, { tally }: Detected): FilterResult {
  const detections = tally.detections();
  return {
    detectedClasses: detections.map((detection) => detection.className),
    confidence: detections[0]?.confidence ?? 0,
    model: manifest.id,
    modelSha256: manifest.sha256,
    sampledFrames: tally.frames(),
    detections,
  };
}

function unknownClass(config: YoloConfig, { manifest }: ModelFile): PluginFailure | undefined {
  const unknown = classesOf(config).find((className) => !manifest.labels.includes(className));
  if (unknown === undefined) return undefined;
  const near = nearestTo(unknown, manifest.labels);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return pluginFailure('FILTER_MODEL_UNAVAILABLE', `the model ${manifest.id} knows no class "${unknown}"${hint}`);
}

function logCost({ logger }: PluginContext, { cameraName }: FilterRequest, { tally, cost }: Detected): void {
  const fields = { camera_name: cameraName, frames: tally.frames(), ...rounded(cost) };
  logger.debug(fields, 'clip searched');
}

const rounded = ({ wallMs, inferenceMs }: Detected['cost']): object => ({
  wall_ms: Math.round(wallMs),
  inference_ms: Math.round(inferenceMs),
});
