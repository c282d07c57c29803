import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MODEL_CATALOGUE } from '../../../src/models/catalogue.ts';
import { listModels } from '../../../src/models/list-models.ts';
import { encodeOnnxModel } from '../../../src/models/onnx-proto.ts';
import { useModel } from '../../../src/models/use-model.ts';
import { yoloConfigSchema } from '../../../src/plugins/filters/yolo/config.ts';
import { makeModelsDir, namesBelow, sha256 } from '../../support/model-pull.ts';
import { REPOSITORY } from '../../support/run-tool.ts';
import { convertTinyModel, floats, ints } from '../../support/tfjs-model.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

const YOLOX = join(REPOSITORY, '..', 'shared', 'models', 'yolox_nano_416.onnx');

let modelsDir: string;
let own: string;
let removeModels: () => Promise<void>;

beforeEach(async () => {
  ({ modelsDir, remove: removeModels } = await makeModelsDir());
  own = join(modelsDir, '..', 'own');
  await mkdir(own);
});
afterEach(() => removeModels());

/** A network of 32 x 32 pixels that says of every picture: one person, 0.9 sure, in the middle. */
const TINY = (): Uint8Array =>
  convertTinyModel(
    {
      nodes: [
        { name: 'mean', op: 'Mean', input: ['picture', 'axes'] },
        { name: 'nothing', op: 'Mul', input: ['mean', 'zero'] },
        { name: 'out', op: 'Add', input: ['answer', 'nothing'] },
      ],
      constants: { axes: ints([4], [0, 1, 2, 3]), zero: floats([], [0]), answer: floats([1, 1, 6], [8, 8, 24, 24, 0.9, 0]) },
    },
    'out',
    { width: 32, height: 32 },
  );

const TINY_MANIFEST = {
  id: 'my_tiny',
  file: 'tiny.onnx',
  license: 'mine',
  source: 'made by hand',
  input: { width: 32, height: 32, layout: 'nhwc', dtype: 'uint8', channels: 'rgb', padding: 'top_left' },
  output: { decoder: 'centernet' },
  labels: ['person'],
};

/** A network with YOLOX's interface at 416 x 416 that sees nothing. */
const blindYolox = (): Uint8Array =>
  encodeOnnxModel({
    name: 'blind',
    inputs: [{ name: 'images', type: 'float', dims: [1, 3, 416, 416] }],
    outputs: [{ name: 'output', type: 'float', dims: [1, 3549, 85] }],
    initializers: [
      { name: 'axes', type: 'int64', dims: [4], values: [0, 1, 2, 3] },
      { name: 'zero', type: 'float', dims: [1, 3549, 85], values: new Float32Array(3549 * 85) },
    ],
    nodes: [
      { opType: 'ReduceMean', inputs: ['images', 'axes'], outputs: ['mean'], attributes: { keepdims: 0 } },
      { opType: 'Mul', inputs: ['mean', 'zero'], outputs: ['output'] },
    ],
  });

async function writeOwn(manifest: object, onnx: Uint8Array = TINY()): Promise<string> {
  await writeFile(join(own, 'tiny.onnx'), onnx);
  const path = join(own, 'my-manifest.json');
  await writeFile(path, JSON.stringify(manifest));
  return path;
}

describe("the owner's own model", () => {
  it('is copied with its hash, and stays when the original goes', async () => {
    // Given an ONNX file and a manifest without a hash
    const manifest = await writeOwn(TINY_MANIFEST);

    // When it is registered and the original is removed
    const used = valueOf(await useModel(manifest, { modelsDir }));
    await rm(own, { recursive: true });

    // Then model and manifest are there, complete, and listed after the catalogue
    expect(await namesBelow(modelsDir)).toEqual(['my_tiny', 'my_tiny/manifest.json', 'my_tiny/model.onnx']);
    expect(JSON.parse(await readFile(join(modelsDir, 'my_tiny', 'manifest.json'), 'utf8'))).toEqual(used.manifest);
    expect(used.manifest).toMatchObject({ ...TINY_MANIFEST, file: 'model.onnx', sha256: sha256(TINY()) });
    const listed = valueOf(await listModels(modelsDir));
    expect(listed).toHaveLength(MODEL_CATALOGUE.length + 1);
    expect(listed.at(-1)).toMatchObject({ id: 'my_tiny', origin: 'own', license: 'mine', state: 'intact', path: used.path });
  });

  it('can be a YOLOX export', async () => {
    // Given the export that lies beside the checkout, or where there is none, a network with the same interface
    const manifest = await writeOwn({
      id: 'my_yolox',
      file: 'tiny.onnx',
      license: 'Apache-2.0',
      source: 'Megvii YOLOX',
      input: { width: 416, height: 416, layout: 'nchw', dtype: 'float32', channels: 'bgr', padding: 'top_left' },
      output: { decoder: 'yolox' },
    });
    await writeFile(join(own, 'tiny.onnx'), existsSync(YOLOX) ? await readFile(YOLOX) : blindYolox());

    // When it is registered
    const used = valueOf(await useModel(manifest, { modelsDir }));

    // Then it is copied as it is
    expect(await readFile(used.path)).toEqual(await readFile(join(own, 'tiny.onnx')));
  });

  it('is replaced by a newer one of the same id', async () => {
    // Given a registered model
    valueOf(await useModel(await writeOwn(TINY_MANIFEST), { modelsDir }));

    // When another manifest of the same id is registered
    const used = valueOf(await useModel(await writeOwn({ ...TINY_MANIFEST, license: 'changed' }), { modelsDir }));

    // Then the new one is there, alone
    expect(used.manifest.license).toBe('changed');
    expect(await namesBelow(modelsDir)).toEqual(['my_tiny', 'my_tiny/manifest.json', 'my_tiny/model.onnx']);
  });

  it.each([
    {
      what: 'has another hash',
      manifest: { ...TINY_MANIFEST, sha256: '0'.repeat(64) },
      code: 'MODEL_HASH_MISMATCH',
      says: /the manifest says 0{64}/,
    },
    { what: 'is missing', manifest: { ...TINY_MANIFEST, file: 'other.onnx' }, code: 'MODEL_FILES_FAILED', says: /ENOENT/ },
    {
      what: 'lies elsewhere',
      manifest: { ...TINY_MANIFEST, file: '../tiny.onnx' },
      code: 'MODEL_MANIFEST_INVALID',
      says: /file beside the manifest/,
    },
    { what: 'has an unknown key', manifest: { ...TINY_MANIFEST, lable: [] }, code: 'MODEL_MANIFEST_INVALID', says: /lable/ },
    {
      what: "has a catalogue model's name",
      manifest: { ...TINY_MANIFEST, id: 'yolox_s' },
      code: 'MODEL_MANIFEST_INVALID',
      says: /catalogue has a model yolox_s/,
    },
    { what: 'would leave its folder', manifest: { ...TINY_MANIFEST, id: '../evil' }, code: 'MODEL_MANIFEST_INVALID', says: /id/ },
    {
      what: 'is fed otherwise',
      manifest: { ...TINY_MANIFEST, input: { ...TINY_MANIFEST.input, layout: 'nchw' } },
      code: 'MODEL_UNUSABLE',
      says: /my_tiny cannot be used/,
    },
    {
      what: 'answers otherwise',
      manifest: { ...TINY_MANIFEST, output: { decoder: 'yolox' } },
      code: 'MODEL_UNUSABLE',
      says: /my_tiny cannot be used/,
    },
  ])('is refused when it $what, and nothing is installed', async ({ manifest, code, says }) => {
    // Given a manifest that does not fit
    const path = await writeOwn(manifest);

    // When it is registered
    const error = errorOf(await useModel(path, { modelsDir }));

    // Then the error says why, and the models are as before
    expect(error.code).toBe(code);
    expect(error.what).toMatch(says);
    expect(error.fix).not.toBe('');
    expect(await namesBelow(modelsDir)).toEqual([]);
    expect(await namesBelow(own)).toEqual(['my-manifest.json', 'tiny.onnx']);
  });

  it.each([
    { what: 'is no JSON', write: (path: string) => writeFile(path, 'id: my_tiny'), code: 'MODEL_MANIFEST_INVALID' },
    { what: 'is not there', write: (path: string) => rm(path), code: 'MODEL_FILES_FAILED' },
  ])('is refused when its manifest $what', async ({ write, code }) => {
    // Given a manifest that cannot be read
    const path = await writeOwn(TINY_MANIFEST);
    await write(path);

    // When it is registered
    const error = errorOf(await useModel(path, { modelsDir }));

    // Then the manifest is named
    expect(error).toMatchObject({ code, where: path });
  });

  it('is refused when the file is no ONNX model', async () => {
    // Given a file of another kind
    const path = await writeOwn(TINY_MANIFEST, Buffer.from('not a model'));

    // When it is registered
    const error = errorOf(await useModel(path, { modelsDir }));

    // Then it is the file that is named
    expect(error).toMatchObject({ code: 'MODEL_UNUSABLE', where: join(own, 'tiny.onnx') });
    expect(await namesBelow(modelsDir)).toEqual([]);
  });
});

describe('the list of models', () => {
  it('tells licence and size of everything to be had before anything is pulled', async () => {
    // Given a machine without models

    // When they are listed
    const listed = valueOf(await listModels(modelsDir));

    // Then the default comes first, every licence is told, and nothing is said to be there
    expect(listed.map(({ id }) => id)).toEqual(['centernet_mbv3', 'yolox_nano', 'yolox_tiny', 'yolox_s']);
    expect(listed[0]?.license).toMatch(/MIT.*states no licence/);
    expect(listed.slice(1).every(({ license }) => license.startsWith('Apache-2.0'))).toBe(true);
    expect(listed.every(({ state, downloadBytes }) => state === 'absent' && (downloadBytes ?? 0) > 1e6)).toBe(true);
  });

  it("begins with the filter's default", () => {
    // Given a filter whose owner names no model

    // When its configuration is read
    const { model } = yoloConfigSchema.parse({});

    // Then that model is the first of the catalogue
    expect(model).toBe(MODEL_CATALOGUE[0]?.id);
  });

  it('tells a damaged model from an intact one, and why', async () => {
    // Given two own models, one of which has lost bytes
    valueOf(await useModel(await writeOwn(TINY_MANIFEST), { modelsDir }));
    const { path } = valueOf(await useModel(await writeOwn({ ...TINY_MANIFEST, id: 'other' }), { modelsDir }));
    await writeFile(path, (await readFile(path)).subarray(1));

    // When they are listed
    const listed = valueOf(await listModels(modelsDir));

    // Then the damaged one says so
    expect(listed.slice(-2)).toMatchObject([
      { id: 'my_tiny', state: 'intact', sha256: sha256(TINY()) },
      { id: 'other', state: 'damaged', problem: 'model.onnx does not match its SHA-256' },
    ]);
  });
});
