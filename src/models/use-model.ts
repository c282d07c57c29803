import { copyFile, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '../domain/result.ts';
import { openDetector } from '../inference/detector.ts';
import type { ModelFile } from '../inference/model-file.ts';
import { type ModelManifest, modelManifestSchema } from '../inference/model-manifest.ts';
import { MODEL_CATALOGUE } from './catalogue.ts';
import { hashFile, MODEL_FILE } from './installed-model.ts';
import { filesFailed, type ModelError, modelError } from './model-error.ts';
import { changeModels, installModel } from './models-folder.ts';

/** A manifest as its owner writes it: the hash may be left out and is then computed. */
const ownManifestSchema = modelManifestSchema.partial({ sha256: true });

export interface UseOptions {
  readonly modelsDir: string;
  readonly signal?: AbortSignal;
}
export interface UsedModel {
  readonly id: string;
  readonly path: string;
  readonly manifest: ModelManifest;
}

/**
 * Registers a user's own ONNX file: copies it to `<modelsDir>/<id>/`, with its manifest and its SHA-256. The original is
 * only read. A manifest that states a hash must state the right one, and the model must run. An own model of the same id
 * is replaced.
 */
export async function useModel(manifestPath: string, options: UseOptions): Promise<Result<UsedModel, ModelError>> {
  const own = await readOwnManifest(manifestPath);
  if (!own.ok) return own;
  const original = join(dirname(resolve(manifestPath)), own.value.file);
  const { modelsDir } = options;
  return changeModels(modelsDir, options.signal ?? new AbortController().signal, async (workplace) => {
    const copy = join(workplace.workDir, MODEL_FILE);
    try {
      await copyFile(original, copy);
    } catch (error) {
      return filesFailed(original, error);
    }
    const sha256 = await hashFile(copy, 'sha256', 'hex');
    if (own.value.sha256 !== undefined && own.value.sha256 !== sha256) return wrongHash(original, sha256, own.value.sha256);
    const manifest = { ...own.value, file: MODEL_FILE, sha256 };
    const usable = await tryModel({ manifest, path: copy }, original);
    if (!usable.ok) return usable;
    await installModel(workplace, manifest);
    return ok({ id: manifest.id, path: join(modelsDir, manifest.id, MODEL_FILE), manifest });
  });
}

/** Shows the model one gray picture, in a process of its own: a manifest that does not fit its file is found now. */
async function tryModel(model: ModelFile, original: string): Promise<Result<void, ModelError>> {
  const { width, height, pad } = model.manifest.input;
  const rgb = new Uint8Array(width * height * 3).fill(pad);
  const detector = openDetector(model, 'cpu');
  try {
    const picture = { x: 0, y: 0, width, height };
    const loaded = await detector.load();
    const seen = loaded.ok ? await detector.infer({ rgb, letterbox: { width, height, picture }, minConfidence: 1 }) : loaded;
    if (seen.ok) return ok(undefined);
    const { message: what, causes } = seen.error;
    const fix = 'Check the file, and that input, output and labels in the manifest describe it.';
    return err({ code: 'MODEL_UNUSABLE', where: original, what, fix, causes });
  } finally {
    await detector.close();
  }
}

type OwnManifest = z.output<typeof ownManifestSchema>;

async function readOwnManifest(path: string): Promise<Result<OwnManifest, ModelError>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return filesFailed(path, error);
  }
  try {
    const manifest = ownManifestSchema.parse(JSON.parse(text));
    return MODEL_CATALOGUE.some((entry) => entry.id === manifest.id) ? idTaken(path, manifest.id) : ok(manifest);
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not JSON';
    return modelError(
      { code: 'MODEL_MANIFEST_INVALID', where: path, what, fix: 'See "Your own model" in docs/guide/models.md.' },
      error,
    );
  }
}

const idTaken = (where: string, id: string): Result<never, ModelError> =>
  modelError({
    code: 'MODEL_MANIFEST_INVALID',
    where,
    what: `the catalogue has a model ${id} of its own`,
    fix: 'Give yours another id.',
  });

const wrongHash = (where: string, actual: string, stated: string): Result<never, ModelError> =>
  modelError({
    code: 'MODEL_HASH_MISMATCH',
    where,
    what: `its SHA-256 is ${actual}, the manifest says ${stated}`,
    fix: 'Get the file again, or correct the manifest if the file is the right one.',
  });
