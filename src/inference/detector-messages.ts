import type { Box } from '../domain/detection.ts';
import type { Letterbox } from '../media/letterbox.ts';
import type { ModelFile } from './model-file.ts';

export type Provider = 'cpu' | 'cuda';

export interface FrameToInfer {
  readonly rgb: Uint8Array;
  readonly letterbox: Letterbox;
  /** Less sure sightings are left out. */
  readonly minConfidence: number;
}

/** One thing in one frame. */
export interface FrameSighting {
  readonly className: string;
  readonly confidence: number;
  readonly box: Box;
}

/** To the detector process. */
export type DetectorRequest =
  | { readonly type: 'load'; readonly id: number; readonly model: ModelFile; readonly provider: Provider }
  | { readonly type: 'infer'; readonly id: number; readonly frame: FrameToInfer };

/** From the detector process: one answer per request, in order. */
export type DetectorAnswer =
  | { readonly type: 'loaded'; readonly id: number }
  | { readonly type: 'seen'; readonly id: number; readonly sightings: readonly FrameSighting[]; readonly inferenceMs: number }
  /** The model cannot do it; the process itself is well. */
  | { readonly type: 'refused'; readonly id: number; readonly message: string };
