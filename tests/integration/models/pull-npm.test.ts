import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CatalogueEntry } from '../../../src/models/catalogue.ts';
import { pullEntry } from '../../../src/models/pull-model.ts';
import type { FileServer } from '../../support/file-server.ts';
import { catalogueEntry, integrityOf, makeModelsDir, namesBelow, startPull } from '../../support/model-pull.ts';
import { openNpmRegistry, packFiles } from '../../support/npm-registry.ts';
import { errorOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

let modelsDir: string;
let removeModels: () => Promise<void>;
let folder: string;
let registry: FileServer | undefined;

beforeEach(async () => {
  ({ modelsDir, remove: removeModels } = await makeModelsDir());
  folder = await mkdtemp(join(tmpdir(), 'homesec-npm-'));
  vi.stubEnv('npm_config_cache', join(folder, 'cache'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await registry?.close();
  registry = undefined;
  await rm(folder, { recursive: true, force: true });
  await removeModels();
});

const useRegistry = (opened: FileServer): void => {
  registry = opened;
  vi.stubEnv('npm_config_registry', opened.origin);
};
const packageOf = (tarball: Uint8Array): CatalogueEntry =>
  catalogueEntry({
    kind: 'npm',
    package: 'tested-model',
    version: '1.0.0',
    integrity: integrityOf(tarball),
    sizeBytes: tarball.length,
    modelJson: 'package/model.json',
    weights: 'package/model.bin',
    inputSize: { width: 64, height: 32 },
  });
const GENUINE = { 'model.json': '{"format":"graph-model"}', 'model.bin': Buffer.alloc(4) };

describe('pulling a model from an npm registry that misbehaves', () => {
  it('refuses another tarball than the pinned one, though the registry vouches for it, and never opens it', async () => {
    // Given a registry whose package was exchanged together with its integrity
    const genuine = await packFiles(join(folder, 'genuine'), GENUINE);
    const tampered = await packFiles(join(folder, 'tampered'), { ...GENUINE, 'model.json': '{"format":"tampered"}' });
    useRegistry(await openNpmRegistry(tampered));

    // When the model is pulled
    const error = errorOf(await pullEntry(packageOf(genuine), { modelsDir }));

    // Then both integrities are named and nothing of it is left
    expect(error).toMatchObject({ code: 'MODEL_HASH_MISMATCH', where: 'tested-model@1.0.0' });
    expect(error.what).toContain(integrityOf(genuine));
    expect(error.what).toContain(integrityOf(tampered));
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('refuses a tarball that is not what the registry itself promises', async () => {
    // Given a registry whose tarball was changed on its way
    const genuine = await packFiles(join(folder, 'genuine'), GENUINE);
    const tampered = Buffer.from(genuine).fill(0, genuine.length - 8);
    useRegistry(await openNpmRegistry(tampered, { promised: genuine }));

    // When the model is pulled
    const error = errorOf(await pullEntry(packageOf(genuine), { modelsDir }));

    // Then it is a wrong hash
    expect(error).toMatchObject({ code: 'MODEL_HASH_MISMATCH', what: expect.stringContaining('EINTEGRITY') });
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('says what cannot be converted when the pinned tarball holds another model', async () => {
    // Given a registry with the pinned package, which is no graph model
    const genuine = await packFiles(join(folder, 'genuine'), GENUINE);
    useRegistry(await openNpmRegistry(genuine));

    // When the model is pulled
    const error = errorOf(await pullEntry(packageOf(genuine), { modelsDir }));

    // Then the file is named and nothing is left
    expect(error).toMatchObject({ code: 'MODEL_NOT_CONVERTIBLE', where: 'tested-model@1.0.0 package/model.json' });
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('says so when there is no registry', async () => {
    // Given a registry that is gone
    const opened = await openNpmRegistry(Buffer.alloc(1));
    useRegistry(opened);
    await opened.close();

    // When the model is pulled
    const error = errorOf(await pullEntry(packageOf(Buffer.alloc(1)), { modelsDir }));

    // Then the reason is npm's, and the remedy names its settings
    expect(error).toMatchObject({
      code: 'MODEL_UNREACHABLE',
      where: 'tested-model@1.0.0',
      fix: expect.stringContaining('npm config list'),
    });
    expect(error.what).toContain('ECONNREFUSED');
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('says so when there is no npm', async () => {
    // Given a PATH without npm
    vi.stubEnv('PATH', folder);

    // When the model is pulled
    const error = errorOf(await pullEntry(packageOf(Buffer.alloc(1)), { modelsDir }));

    // Then that is what it says
    expect(error).toMatchObject({ code: 'MODEL_UNREACHABLE', what: 'the command npm was not found' });
    expect(await namesBelow(modelsDir)).toEqual([]);
  });

  it('leaves no model when it is killed half-way', async () => {
    // Given a registry that stands still in the middle of the tarball
    const genuine = await packFiles(join(folder, 'genuine'), { ...GENUINE, 'noise.bin': Buffer.alloc(100_000, 'noise') });
    useRegistry(await openNpmRegistry(genuine, { sentBytes: 100 }));
    const child = startPull(packageOf(genuine), modelsDir);
    await waitUntil('the tarball is asked for', () => registry?.requests.some((line) => line.endsWith('.tgz')) === true);

    // When everything is killed and the model is pulled without a registry
    child.killAll();
    await child.ended;
    const afterKill = await namesBelow(modelsDir);
    vi.stubEnv('PATH', folder);
    errorOf(await pullEntry(packageOf(genuine), { modelsDir }));

    // Then neither the kill nor the failure has left a model, and the next pull has removed what lay about
    expect(afterKill.filter((name) => name.startsWith('tested'))).toEqual([]);
    expect(await namesBelow(modelsDir)).toEqual([]);
  });
});
