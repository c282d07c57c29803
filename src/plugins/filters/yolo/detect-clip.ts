import { err, ok, type Result } from '../../../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../../domain/stage-error.ts';
import type { Detector } from '../../../inference/detector.ts';
import type { ModelInput } from '../../../inference/model-manifest.ts';
import { decodeFrames, type RawFrame } from '../../../media/frames.ts';
import type { CanvasShape } from '../../../media/letterbox.ts';
import type { Decoding } from '../../../media/raw-decoding.ts';
import type { FilterRequest } from '../../spec/filter.ts';
import type { DetectSettings } from './settings.ts';
import { createTally, type Tally } from './tally.ts';

/** So many frames lie decoded and waiting at most: enough that neither decoder nor detector waits for the other's every frame. */
const FRAMES_AHEAD = 4;

/** What a clip cost. Inference runs beside decoding, so the two do not add up to the whole. */
export interface DetectCost {
  readonly wallMs: number;
  readonly inferenceMs: number;
}
export interface Detected {
  readonly tally: Tally;
  readonly cost: DetectCost;
}

interface ClipSearch {
  readonly request: FilterRequest;
  readonly settings: DetectSettings;
  readonly input: ModelInput;
  readonly detector: Detector;
  readonly ready: Promise<Result<void, PluginFailure>>;
}

/**
 * Searches one clip, decoding and inference side by side.
 * @returns CLIP_UNREADABLE also when only a part can be decoded and not every wanted class was found in it: what the rest shows is unknown.
 * @throws the signal's reason when aborted.
 */
export async function detectClip(search: ClipSearch): Promise<Result<Detected, PluginFailure>> {
  const { request, settings } = search;
  const startedAt = performance.now();
  const decoding = decodeFrames({
    path: request.path,
    sampleFps: settings.sampleFps,
    canvas: canvasFor(search.input),
    signal: request.signal,
  });
  const loaded = await search.ready;
  const looked = await lookAt(decoding, search, loaded);
  const decoded = await decoding.outcome;
  if (!looked.ok) return looked;
  if (!decoded.ok) return decoded;
  const { tally, inferenceMs } = looked.value;
  if (decoded.value.cutShort !== undefined && !tally.isDecided()) {
    return err(pluginFailure('CLIP_UNREADABLE', `${request.path}: ${decoded.value.cutShort}`));
  }
  return ok({ tally, cost: { wallMs: performance.now() - startedAt, inferenceMs } });
}

interface Looked {
  readonly tally: Tally;
  readonly inferenceMs: number;
}

async function lookAt(
  decoding: Decoding<RawFrame>,
  { request, settings, detector }: ClipSearch,
  loaded: Result<void, PluginFailure>,
): Promise<Result<Looked, PluginFailure>> {
  const tally = createTally(settings);
  const underWay: Promise<void>[] = [];
  let inferenceMs = 0;
  let failure = loaded.ok ? undefined : loaded.error;
  const look = async ({ rgb, letterbox, atMs }: RawFrame): Promise<void> => {
    const seen = await detector.infer({ rgb, letterbox, minConfidence: settings.minConfidence });
    if (!seen.ok) {
      failure ??= seen.error;
      return;
    }
    inferenceMs += seen.value.inferenceMs;
    // Answers come in the frames' order. Those sent ahead of the decision do not count: the same clip gives the same result.
    if (tally.isDecided()) return;
    tally.add({ atMs, sightings: seen.value.sightings });
    request.onProgress(tally.frames());
  };
  for await (const frame of decoding) {
    if (failure !== undefined || tally.isDecided()) break;
    await request.giveWay?.();
    const looking = look(frame);
    // Awaited below; when another one throws first, nobody else would.
    looking.catch(() => undefined);
    underWay.push(looking);
    if (underWay.length >= FRAMES_AHEAD) await underWay.shift();
  }
  await Promise.all(underWay);
  return failure === undefined ? ok({ tally, inferenceMs }) : err(failure);
}

function canvasFor({ width, height, padding, pad, rectangular }: ModelInput): CanvasShape {
  return { width, height, padding, pad, ...(rectangular ? { shrinkToMultipleOf: 32 } : {}) };
}
