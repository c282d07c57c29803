import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { modelManifestSchema } from '../../src/inference/model-manifest.ts';
import { encodeOnnxModel } from '../../src/models/onnx-proto.ts';

export const TINY_SIDE = 64;

/**
 * A real ONNX network that a test can predict: it claims one person, as sure as the brightest red in the picture, in the
 * upper left quarter of the canvas.
 */
export function encodeReddestModel(): Uint8Array {
  const float = (name: string, dims: readonly number[], values: readonly number[]) =>
    ({ name, type: 'float', dims, values }) as const;
  return encodeOnnxModel({
    name: 'reddest',
    inputs: [{ name: 'images', type: 'float', dims: [1, 3, TINY_SIDE, TINY_SIDE] }],
    outputs: [{ name: 'detections', type: 'float', dims: [1, 1, 6] }],
    initializers: [
      float('box', [1, 1, 4], [0, 0, TINY_SIDE / 2, TINY_SIDE / 2]),
      float('class', [1, 1, 1], [0]),
      { name: 'row', type: 'int64', dims: [3], values: [1, 1, 3] },
      { name: 'red', type: 'int64', dims: [1], values: [0] },
    ],
    nodes: [
      { opType: 'GlobalMaxPool', inputs: ['images'], outputs: ['brightest'] },
      { opType: 'Reshape', inputs: ['brightest', 'row'], outputs: ['channels'] },
      { opType: 'Gather', inputs: ['channels', 'red'], outputs: ['score'], attributes: { axis: 2 } },
      { opType: 'Concat', inputs: ['box', 'score', 'class'], outputs: ['detections'], attributes: { axis: 2 } },
    ],
  });
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const reddestManifest = (bytes: Uint8Array): z.input<typeof modelManifestSchema> => ({
  id: 'reddest',
  file: 'model.onnx',
  sha256: sha256Of(bytes),
  license: 'Apache-2.0',
  source: 'built by a test',
  input: {
    ...{ width: TINY_SIDE, height: TINY_SIDE, layout: 'nchw', dtype: 'float32', channels: 'rgb' },
    ...{ scale: 1 / 255, pad: 0, padding: 'top_left' },
  },
  output: { decoder: 'centernet' },
});

/** Puts the model where an installed one lies. */
export async function installReddestModel(modelsDir: string): Promise<void> {
  const bytes = encodeReddestModel();
  await installTestModel(modelsDir, reddestManifest(bytes), bytes);
}

export async function installTestModel(
  modelsDir: string,
  manifest: z.input<typeof modelManifestSchema>,
  bytes: Uint8Array,
): Promise<void> {
  const folder = join(modelsDir, manifest.id);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, manifest.file), bytes);
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
}
