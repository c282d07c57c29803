import { copyFile, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ok, type Result } from '../domain/result.ts';
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
 * only read. A manifest that states a hash must state the right one. An own model of the same id is replaced.
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
    await installModel(workplace, manifest);
    return ok({ id: manifest.id, path: join(modelsDir, manifest.id, MODEL_FILE), manifest });
  });
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
