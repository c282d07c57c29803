import { assertNever } from '../domain/assert-never.ts';
import type { Candidate, CanvasSize, OutputTensor } from './candidate.ts';
import { decodeCenternet } from './decode-centernet.ts';
import { decodeDetr } from './decode-detr.ts';
import { decodeYolov8 } from './decode-yolov8.ts';
import { decodeYolox } from './decode-yolox.ts';
import type { ModelManifest } from './model-manifest.ts';
import { suppressOverlaps } from './nms.ts';

/** Outputs by name, in the model's own order. */
export type ModelOutputs = ReadonlyMap<string, OutputTensor>;

export interface Reading {
  readonly canvas: CanvasSize;
  /** Candidates below are left out. */
  readonly minConfidence: number;
}

/** What a model's outputs say, one candidate per thing. Throws when the outputs do not fit the manifest. */
export function decodeOutput(manifest: ModelManifest, outputs: ModelOutputs, { canvas, minConfidence }: Reading): Candidate[] {
  const { output } = manifest;
  const classes = manifest.labels.length;
  switch (output.decoder) {
    case 'yolox': {
      const head = { strides: output.strides, classes, minConfidence };
      return suppressOverlaps(decodeYolox(onlyOutput(outputs), canvas, head), output.nmsIou);
    }
    case 'yolov8':
      return suppressOverlaps(decodeYolov8(onlyOutput(outputs), classes, minConfidence), output.nmsIou);
    case 'centernet':
      return suppressOverlaps(decodeCenternet(onlyOutput(outputs), classes, minConfidence), output.nmsIou);
    case 'detr': {
      const named = { logits: outputNamed(outputs, output.logits), boxes: outputNamed(outputs, output.boxes) };
      return decodeDetr(named, canvas, { activation: output.activation, classes, minConfidence });
    }
    default:
      return assertNever(output);
  }
}

function onlyOutput(outputs: ModelOutputs): OutputTensor {
  const [first] = outputs.values();
  if (first === undefined) throw new Error('the model has no output');
  return first;
}

function outputNamed(outputs: ModelOutputs, name: string): OutputTensor {
  const output = outputs.get(name);
  if (output === undefined) throw new Error(`the model has no output ${name}; it has ${[...outputs.keys()].join(', ')}`);
  return output;
}
