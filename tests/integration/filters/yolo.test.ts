import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { yoloFilter } from '../../../src/plugins/filters/yolo/index.ts';
import type { Filter, FilterRequest } from '../../../src/plugins/spec/filter.ts';
import { childProcesses } from '../../support/child-processes.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { type MediaFolder, openMediaFolder } from '../../support/test-media.ts';
import {
  encodeReddestModel,
  installReddestModel,
  installTestModel,
  reddestManifest,
  sha256Of,
} from '../../support/tiny-model.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Twenty seconds, twenty frames per second: red between seconds 5 and 6 and from second 15 on, in a picture of 2:1. */
const VISITS = "color=black:d=20:r=20:s=256x128,drawbox=c=red:t=fill:enable='between(t,5,5.99)+gte(t,15)'";
const detectors = (): Promise<number[]> => childProcesses('detector-process');

/** False only once the parent, which is this process, has been told. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

let media: MediaFolder;
let visits: string;
let nobody: string;
let filter: Filter | undefined;
beforeAll(async () => {
  media = await openMediaFolder();
  visits = await media.clip('visits.mp4', VISITS, '-g', '20', '-movflags', '+faststart');
  nobody = await media.clip('nobody.mp4', 'color=black:d=3:r=10:s=256x128');
});
beforeEach(() => installReddestModel(media.file('models')));
afterEach(async () => {
  await filter?.close();
  filter = undefined;
  expect(livingMediaProcesses()).toBe(0);
  expect(await detectors()).toEqual([]);
});
afterAll(() => media.remove());

function create(config: object = {}): Filter {
  const context = createTestContext({ modelsDir: media.file('models') });
  filter = yoloFilter.create(yoloFilter.configSchema.parse({ model: 'reddest', ...config }), context);
  return filter;
}
const request = (path: string, given: Partial<FilterRequest> = {}): FilterRequest => ({
  ...{ path, cameraName: 'Front Door', signal: new AbortController().signal, onProgress: () => {} },
  ...given,
});

describe('searching a clip', () => {
  it('tells what was seen, where in the picture, when, and by which model', async () => {
    // Given a clip with a first visit after five seconds, and a rule that wants two seconds of it
    const yolo = create({ min_hits: 3 });
    // When it is searched
    const result = valueOf(await yolo.detect(request(visits)));
    // Then the first frame of the visit is told; the box counts from the picture and not from the canvas
    expect(result).toMatchObject({
      ...{ detectedClasses: ['person'], model: 'reddest', modelSha256: sha256Of(encodeReddestModel()) },
      detections: [{ className: 'person', atMs: 5000, box: { x: 0, y: 0, width: 0.5, height: 1 } }],
    });
    expect(result.confidence).toBeGreaterThan(0.9);
  });

  it('looks at so many frames per second of media, to the end when nothing comes', async () => {
    // Given an empty clip of three seconds
    const progress: number[] = [];
    // When it is searched twice a second, and four times on one camera
    const yolo = create({ overrides: { Drive: { sample_fps: 4 } } });
    const twice = valueOf(await yolo.detect(request(nobody, { onProgress: (frames) => progress.push(frames) })));
    const often = valueOf(await yolo.detect(request(nobody, { cameraName: 'Drive' })));
    // Then it says that it looked, how often, and that nothing was there
    expect(twice).toMatchObject({ detectedClasses: [], confidence: 0, detections: [], sampledFrames: 6 });
    expect(often.sampledFrames).toBe(12);
    expect(progress).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('stops early only when every wanted class has been found', async () => {
    // Given a model that never sees a dog
    // When a person is wanted, and a person and a dog
    const person = valueOf(await create().detect(request(visits)));
    await filter?.close();
    const both = valueOf(await create({ classes: ['person', 'dog'] }).detect(request(visits)));
    // Then the first ends with the visit, and the second looks to the end and still tells of the person
    expect(person.sampledFrames).toBeLessThan(20);
    expect(both).toMatchObject({ sampledFrames: 40, detectedClasses: ['person'] });
  });

  it('searches two clips at once, each in a process of its own', async () => {
    // Given a filter
    const yolo = create({ min_hits: 1000 });
    // When two clips are searched together
    const results = await Promise.all([visits, nobody].map((path) => yolo.detect(request(path))));
    // Then both are right, and both processes stay for the next
    expect(results.map((result) => valueOf(result).detectedClasses)).toEqual([[], []]);
    expect(await detectors()).toHaveLength(2);
    valueOf(await yolo.detect(request(nobody)));
    expect(await detectors()).toHaveLength(2);
  });
});

describe('a clip that cannot be read', () => {
  it('is an error and never an empty result', async () => {
    // Given no video
    const broken = media.file('broken.mp4');
    await writeFile(broken, 'not a video '.repeat(200));
    // When it is searched
    // Then it is unreadable, and the next clip is fine
    const yolo = create();
    expect(errorOf(await yolo.detect(request(broken))).code).toBe('CLIP_UNREADABLE');
    expect(valueOf(await yolo.detect(request(nobody))).sampledFrames).toBe(6);
  });

  it('is an error when it breaks off before everything wanted was found, and none when it was', async () => {
    // Given a clip that ends in the middle though its index promises more
    const bytes = await readFile(visits);
    const half = media.file('half.mp4');
    await writeFile(half, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const yolo = create({ overrides: { Drive: { classes: ['dog'] } } });
    // When a person is wanted, who comes before the break; and a dog, who may come after
    // Then the person is told, and for the dog nothing is claimed
    expect(valueOf(await yolo.detect(request(half))).detectedClasses).toEqual(['person']);
    const error = errorOf(await yolo.detect(request(half, { cameraName: 'Drive' })));
    expect(error.code).toBe('CLIP_UNREADABLE');
    expect(error.message).toMatch(/only the first \d+\.\d of 20\.0 s/);
  });
});

describe('a detector process that dies', () => {
  it('costs the clip in hand, and the next has a fresh one', async () => {
    // Given a clip half searched
    const yolo = create({ min_hits: 1000, sample_fps: 20 });
    const killed: number[] = [];
    const onProgress = async (): Promise<void> => {
      const pids = await detectors();
      if (killed.length > 0) return;
      killed.push(...pids);
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    };
    // When the process is killed
    const error = errorOf(await yolo.detect(request(visits, { onProgress: () => void onProgress() })));
    // Then that is told as what it was, and the next clip is searched by another process
    expect(error).toMatchObject({ code: 'FILTER_CRASHED', message: expect.stringContaining('SIGKILL') });
    expect(valueOf(await yolo.detect(request(nobody))).sampledFrames).toBe(60 / 2);
    expect(await detectors()).not.toEqual(killed);
  });

  it('between two clips is not noticed by the second', async () => {
    // Given a warm detector
    const yolo = create();
    valueOf(await yolo.detect(request(nobody)));
    // When it dies while nothing is under way
    const [pid = 0] = await detectors();
    process.kill(pid, 'SIGKILL');
    await waitUntil('our process has taken note of its end', () => !isThere(pid));
    // Then the next clip is searched
    expect(valueOf(await yolo.detect(request(nobody))).sampledFrames).toBe(6);
  });
});

describe('a search that is given up', () => {
  it('ends with the reason of the signal and leaves nothing running', async () => {
    // Given a clip half searched
    const yolo = create({ min_hits: 1000, sample_fps: 20 });
    const abort = new AbortController();
    const reason = new Error('cancelled');
    // When the signal comes
    const searching = yolo.detect(request(visits, { signal: abort.signal, onProgress: () => abort.abort(reason) }));
    // Then its reason comes back, and no process with frames that nobody wants stays behind
    await expect(searching).rejects.toBe(reason);
    expect(await detectors()).toEqual([]);
    expect(valueOf(await yolo.detect(request(nobody))).sampledFrames).toBe(30);
  });
});

describe('a model that cannot be used', () => {
  const model = encodeReddestModel();
  const install = (manifest: object, bytes: Uint8Array = model) =>
    installTestModel(media.file('models'), { ...reddestManifest(model), ...manifest }, bytes);

  it.each([
    ['is not installed', { model: 'yolox_s' }, async () => {}, 'homesec models pull yolox_s'],
    ['has other bytes', {}, () => install({}, model.subarray(1)), 'SHA-256'],
    ['is no ONNX file', {}, () => install({ sha256: sha256Of(Buffer.from('x')) }, Buffer.from('x')), 'reddest cannot be used'],
    ['answers in another shape', {}, () => install({ output: { decoder: 'yolox' } }), '[1, 1, 6] where its manifest promises'],
    ['lacks a wanted class', {}, () => install({ labels: ['parcel'] }), 'knows no class "person"'],
    ['has a wrong manifest', {}, () => install({ output: { decoder: 'ssd' } }), 'is not valid'],
  ])('because it %s is told with a remedy, and tried anew', async (_what, config, spoil, told) => {
    // Given a model that is not as it should be
    await spoil();
    const yolo = create(config);
    // When a clip is searched
    const error = errorOf(await yolo.detect(request(nobody)));
    // Then the owner learns why; once it is put right the same filter works
    expect(error).toMatchObject({ code: 'FILTER_MODEL_UNAVAILABLE', message: expect.stringContaining(told) });
    if ('model' in config) await installTestModel(media.file('models'), { ...reddestManifest(model), id: config.model }, model);
    else await installReddestModel(media.file('models'));
    expect(valueOf(await yolo.detect(request(nobody))).sampledFrames).toBe(6);
  });

  it('is what ping tells of', async () => {
    // Given a model whose file is missing, found by path
    const yolo = create({ model: join(media.file('models'), 'reddest', 'manifest.json') });
    await writeFile(join(media.file('models'), 'reddest', 'model.onnx'), '');
    // When the filter is pinged, and again after the file is back
    // Then it is ill, then well
    expect(errorOf(await yolo.ping()).code).toBe('FILTER_MODEL_UNAVAILABLE');
    await installReddestModel(media.file('models'));
    expect((await yolo.ping()).ok).toBe(true);
  });
});
