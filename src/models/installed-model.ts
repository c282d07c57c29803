import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { type ModelManifest, modelManifestSchema } from '../inference/model-manifest.ts';
import { systemCodeOf } from './model-error.ts';

export const MANIFEST_FILE = 'manifest.json';
/** The name that every model gets inside its folder. */
export const MODEL_FILE = 'model.onnx';

export type InstalledModel =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly problem: string }
  | { readonly state: 'intact'; readonly manifest: ModelManifest; readonly path: string; readonly sizeBytes: number };

/** Looks at `<modelsDir>/<id>` and hashes the model. Never throws. */
export async function readInstalledModel(modelsDir: string, id: string): Promise<InstalledModel> {
  const folder = join(modelsDir, id);
  try {
    await stat(folder);
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? { state: 'absent' } : { state: 'damaged', problem: String(error) };
  }
  try {
    return await checkFolder(folder, id);
  } catch (error) {
    return { state: 'damaged', problem: error instanceof z.ZodError ? z.prettifyError(error) : String(error) };
  }
}

async function checkFolder(folder: string, id: string): Promise<InstalledModel> {
  const manifest = modelManifestSchema.parse(JSON.parse(await readFile(join(folder, MANIFEST_FILE), 'utf8')));
  if (manifest.id !== id) return { state: 'damaged', problem: `${MANIFEST_FILE} calls it ${manifest.id}` };
  const path = join(folder, manifest.file);
  const sha256 = await hashFile(path, 'sha256', 'hex');
  if (sha256 !== manifest.sha256) return { state: 'damaged', problem: `${manifest.file} does not match its SHA-256` };
  return { state: 'intact', manifest, path, sizeBytes: (await stat(path)).size };
}

export async function hashFile(path: string, algorithm: 'sha256' | 'sha512', encoding: 'hex' | 'base64'): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest(encoding);
}
