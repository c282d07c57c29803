import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { yoloFilter } from '../../../src/plugins/filters/yolo/index.ts';
import type { Filter } from '../../../src/plugins/spec/filter.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { footage, type MediaFolder, makeMedia, openMediaFolder, sharedYolox } from '../../support/test-media.ts';
import { installTestModel, reddestManifest, sha256Of } from '../../support/tiny-model.ts';
import { valueOf } from '../../support/value-of.ts';

const model = sharedYolox();
const people = footage('one-by-one-person-detection.mp4');
const street = footage('vtest-people-walking.mp4');
const dog = footage('dog-indoor-1080p-1.5s.mp4');
const picture = footage('person-dog-horse.jpg');
const present = [model, people, street, dog, picture].every((path) => path !== undefined);
if (!present)
  console.warn('no footage or model beside the checkout: the yolo filter is tested on generated clips only (yolo.test.ts)');

/** When somebody is there and when nobody is, in seconds, well inside what footage and a detector agree on. */
const VISITS = [
  [8, 4],
  [25, 4],
  [36, 4],
  [53, 4],
  [64, 4],
  [76, 4],
  [96, 4],
  [112, 4],
  [126, 4],
] as const;
const GAPS = [
  [0, 5],
  [19.5, 2.5],
  [45, 5],
  [70, 4],
  [87, 5],
  [120, 3],
] as const;

describe.runIf(present)('a real model on real footage', () => {
  let media: MediaFolder;
  let filter: Filter;
  beforeAll(async () => {
    media = await openMediaFolder();
    const bytes = await readFile(model ?? '');
    const manifest = {
      ...reddestManifest(bytes),
      ...{ id: 'yolox_nano_test', file: 'yolox.onnx', sha256: sha256Of(bytes), output: { decoder: 'yolox' } as const },
      input: {
        ...({ width: 416, height: 416, layout: 'nchw', dtype: 'float32', channels: 'bgr' } as const),
        ...({ padding: 'top_left', rectangular: true } as const),
      },
    };
    await installTestModel(media.file('models'), manifest, bytes);
    filter = create({});
  });
  afterAll(async () => {
    await filter.close();
    await media.remove();
  });

  const create = (config: object): Filter =>
    yoloFilter.create(
      yoloFilter.configSchema.parse({ model: 'yolox_nano_test', ...config }),
      createTestContext({ modelsDir: media.file('models') }),
    );
  async function cut([startS, lengthS]: readonly [number, number]): Promise<string> {
    const path = media.file(`cut-${startS}.mp4`);
    await makeMedia(['-ss', String(startS), '-i', people ?? '', '-t', String(lengthS), '-preset', 'veryfast', path]);
    return path;
  }
  const search = async (path: string, by: Filter = filter) =>
    valueOf(await by.detect({ path, cameraName: 'Hall', signal: new AbortController().signal, onProgress: () => {} }));

  it.each(VISITS)('sees the person from second %d on, for %d s', async (...part) => {
    // Given a part of the footage with one person in it
    // When it is searched
    const result = await search(await cut(part));
    // Then the person is seen, in a place of a person's shape
    const [person] = result.detections;
    expect(result.detectedClasses).toEqual(['person']);
    expect(person?.confidence).toBeGreaterThan(0.5);
    expect(person && (person.box.height * 432) / (person.box.width * 768)).toBeGreaterThan(0.8);
  });

  it.each(GAPS)('sees nobody from second %d on, for %d s', async (...part) => {
    // Given a part of the footage in which nobody is
    // When all of it is searched
    const result = await search(await cut(part));
    // Then nobody is seen, after looking to the end
    expect(result.detectedClasses).toEqual([]);
    expect(result.sampledFrames).toBeGreaterThanOrEqual(Math.floor(part[1] * 2));
  });

  it('tells people, dogs and horses apart, and where they are', async () => {
    // Given a picture of a dog at the lower left, a person in the middle and a horse at the right
    const every = create({ classes: ['person', 'dog', 'horse', 'sheep', 'cow'] });
    // When it is searched
    const { detections } = await search(picture ?? '', every);
    await every.close();
    // Then there are these three, from left to right
    const fromLeft = detections.toSorted((a, b) => a.box.x - b.box.x).map((detection) => detection.className);
    expect(fromLeft).toEqual(['dog', 'person', 'horse']);
    const middleOf = (name: string): number => {
      const box = detections.find((detection) => detection.className === name)?.box;
      return box === undefined ? -1 : box.x + box.width / 2;
    };
    expect(middleOf('person')).toBeCloseTo(0.36, 1);
    expect(middleOf('horse')).toBeCloseTo(0.79, 1);
  });

  it('finds the dog though people are wanted too, and cars beside people', async () => {
    // Given a dog alone in a room; and a street with people and parked cars
    const home = create({ classes: ['person', 'dog'] });
    const outside = create({ classes: ['person', 'car'], min_box_h_ratio: 0.03, min_confidence: 0.4 });
    // When both are searched
    const alone = await search(dog ?? '', home);
    const busy = await search(street ?? '', outside);
    await Promise.all([home.close(), outside.close()]);
    // Then neither class hides the other
    expect(alone.detectedClasses).toEqual(['dog']);
    expect(busy.detectedClasses.toSorted()).toEqual(['car', 'person']);
  });
});
