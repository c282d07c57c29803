import { readdir } from 'node:fs/promises';
import { ok, type Result } from '../domain/result.ts';
import { MODEL_CATALOGUE } from './catalogue.ts';
import { readInstalledModel } from './installed-model.ts';
import { filesFailed, type ModelError, systemCodeOf } from './model-error.ts';

export interface ListedModel {
  readonly id: string;
  readonly title: string;
  readonly advice: string;
  readonly license: string;
  readonly origin: 'npm' | 'https' | 'own';
  readonly downloadBytes?: number;
  readonly state: 'absent' | 'intact' | 'damaged';
  /** Of a damaged one. */
  readonly problem?: string;
  /** Of an intact one. */
  readonly path?: string;
  readonly sha256?: string;
}

/** The catalogue, then the owner's own models, each with what lies on disk. Hashes every model that is there. */
export async function listModels(modelsDir: string): Promise<Result<readonly ListedModel[], ModelError>> {
  const folders = await listFolders(modelsDir);
  if (!folders.ok) return folders;
  const listed: ListedModel[] = [];
  for (const { id, title, advice, license, source } of MODEL_CATALOGUE) {
    const facts = { id, title, advice, license, origin: source.kind, downloadBytes: source.sizeBytes };
    listed.push({ ...facts, ...(await stateOf(modelsDir, id)) });
  }
  const own = folders.value.filter((name) => !MODEL_CATALOGUE.some((entry) => entry.id === name));
  for (const id of own) listed.push(await listOwn(modelsDir, id));
  return ok(listed);
}

async function listFolders(modelsDir: string): Promise<Result<string[], ModelError>> {
  try {
    const entries = await readdir(modelsDir, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
    return ok(folders.map((entry) => entry.name).toSorted());
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? ok([]) : filesFailed(modelsDir, error);
  }
}

async function stateOf(modelsDir: string, id: string): Promise<Pick<ListedModel, 'state' | 'problem' | 'path' | 'sha256'>> {
  const found = await readInstalledModel(modelsDir, id);
  if (found.state !== 'intact') return found;
  return { state: 'intact', path: found.path, sha256: found.manifest.sha256 };
}

async function listOwn(modelsDir: string, id: string): Promise<ListedModel> {
  const found = await readInstalledModel(modelsDir, id);
  const license = found.state === 'intact' ? found.manifest.license : 'unknown';
  return { id, title: id, advice: 'Your own.', license, origin: 'own', ...(await stateOf(modelsDir, id)) };
}
