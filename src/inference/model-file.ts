import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { type ModelManifest, modelManifestSchema } from './model-manifest.ts';

export interface ModelFile {
  readonly manifest: ModelManifest;
  /** Of the ONNX file. Neither its being there nor its hash is known yet. */
  readonly path: string;
}

/** Whether the owner wrote the path of a manifest rather than the id of an installed model. */
export const isManifestPath = (model: string): boolean =>
  isAbsolute(model) || model.includes('/') || model.includes(sep) || model.endsWith('.json');

export const manifestPath = (model: string, modelsDir: string): string =>
  isManifestPath(model) ? model : join(modelsDir, model, 'manifest.json');

/** Reads the manifest of an installed model (by id), or one at a path. Whatever is wrong is FILTER_MODEL_UNAVAILABLE. */
export async function readModelFile(model: string, modelsDir: string): Promise<Result<ModelFile, PluginFailure>> {
  const path = manifestPath(model, modelsDir);
  try {
    return parseModelFile(await readFile(path, 'utf8'), path);
  } catch (error) {
    const what = isManifestPath(model)
      ? `the model manifest ${path} cannot be read`
      : `the model ${model} is not installed: ${path} cannot be read. Get it with \`homesec models pull ${model}\``;
    return err(pluginFailure('FILTER_MODEL_UNAVAILABLE', what, error));
  }
}

/** Parses the text of a manifest that stands at `path`. */
export function parseModelFile(text: string, path: string): Result<ModelFile, PluginFailure> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return err(pluginFailure('FILTER_MODEL_UNAVAILABLE', `the model manifest ${path} is not JSON`, error));
  }
  const manifest = modelManifestSchema.safeParse(parsed);
  if (manifest.success) return ok({ manifest: manifest.data, path: join(dirname(path), manifest.data.file) });
  const problems = z.prettifyError(manifest.error).replaceAll(/\s*\n\s*/g, ' ');
  return err(pluginFailure('FILTER_MODEL_UNAVAILABLE', `the model manifest ${path} is not valid: ${problems}`));
}
