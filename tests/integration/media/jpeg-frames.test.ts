import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { extractJpegs, type JpegsRequest } from '../../../src/media/jpeg-frames.ts';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { probe } from '../../../src/media/probe.ts';
import { snapshot } from '../../../src/media/snapshot.ts';
import { type MediaFolder, makeMedia, openMediaFolder } from '../../support/test-media.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

let media: MediaFolder;
let short: string;
let long: string;
beforeAll(async () => {
  media = await openMediaFolder();
  short = await media.clip('short.mp4', 'testsrc2=d=10:r=10:s=640x360');
  long = await media.clip('long.mp4', 'testsrc2=d=120:r=2:s=320x180');
});
afterAll(() => media.remove());
afterEach(() => expect(livingMediaProcesses()).toBe(0));

const request = (path: string, atMs: readonly number[], given: Partial<JpegsRequest> = {}): JpegsRequest => ({
  ...{ path, atMs, maxSize: 320, quality: 85, signal: new AbortController().signal },
  ...given,
});
async function sizeOf(jpeg: Buffer): Promise<unknown> {
  const path = media.file('one.jpg');
  await writeFile(path, jpeg);
  const { width, height, videoCodec } = valueOf(await probe(path));
  return { width, height, videoCodec };
}

describe('JPEGs out of a video', () => {
  it('come in order of time, each once, scaled down', async () => {
    // Given times out of order, between frames, and one twice
    const times = [9_000, 2_050, 0, 2_050, 4_000];
    // When they are taken
    const frames = valueOf(await extractJpegs(request(short, times)));
    // Then each is the first frame that is not before its time, at most 320 pixels wide
    expect(frames.map((frame) => frame.atMs)).toEqual([0, 2_100, 4_000, 9_000]);
    for (const { jpeg } of frames) expect(await sizeOf(jpeg)).toEqual({ width: 320, height: 180, videoCodec: 'mjpeg' });
  });

  it('are the same frames whether decoded in passing or sought', async () => {
    // Given a time that is taken alone, in a dense row, and far from another
    // When each way runs
    const dense = valueOf(await extractJpegs(request(long, [59_000, 60_000, 61_000])));
    const sparse = valueOf(await extractJpegs(request(long, [0, 60_000, 119_000])));
    // Then it is the same picture
    expect(sparse.map((frame) => frame.atMs)).toEqual([0, 60_000, 119_000]);
    expect(sparse[1]?.jpeg).toEqual(dense[1]?.jpeg);
  });

  it('are left out past the end, but not all of them', async () => {
    // Given times within and past the end
    // When they are taken densely and sparsely
    // Then those within come
    expect(valueOf(await extractJpegs(request(short, [5_000, 12_000]))).map((frame) => frame.atMs)).toEqual([5_000]);
    expect(valueOf(await extractJpegs(request(long, [5_000, 900_000]))).map((frame) => frame.atMs)).toEqual([5_000]);
    expect(errorOf(await extractJpegs(request(short, [12_000]))).code).toBe('CLIP_UNREADABLE');
  });

  it('are upright, and never blown up', async () => {
    // Given a clip that is to be turned
    const turned = media.file('turned.mp4');
    await makeMedia(['-i', short, '-c', 'copy', '-metadata:s:v', 'rotate=90', turned]);
    // When more pixels are asked for than it has
    const [frame] = valueOf(await extractJpegs(request(turned, [0], { maxSize: 2000 })));
    // Then it has those it has, the right way up
    expect(frame && (await sizeOf(frame.jpeg))).toEqual({ width: 360, height: 640, videoCodec: 'mjpeg' });
  });

  it('cost bytes by their quality', async () => {
    // Given one frame
    const taken = async (quality: number) =>
      valueOf(await extractJpegs(request(short, [1_000], { quality })))[0]?.jpeg.length ?? 0;
    // When it is taken well and badly
    // Then the better one is bigger
    expect(await taken(95)).toBeGreaterThan((await taken(30)) * 1.5);
  });

  it.each([
    ['in passing', [0, 1000]],
    ['by seeking', [0, 60_000]],
  ])('of an unreadable file are an error, %s', async (_how, times) => {
    // Given no video
    const path = media.file('broken.mp4');
    await writeFile(path, 'not a video '.repeat(100));
    // When frames are asked for
    // Then it is unreadable
    expect(errorOf(await extractJpegs(request(path, times))).code).toBe('CLIP_UNREADABLE');
  });

  it.each([
    ['in passing', [0, 1000]],
    ['by seeking', [0, 100_000]],
  ])('stop being taken at a signal, %s', async (_how, times) => {
    // Given a caller that gives up while ffmpeg works
    const abort = new AbortController();
    const reason = new Error('stopped');
    const taking = extractJpegs(request(long, times, { signal: abort.signal }));
    // When the signal comes
    abort.abort(reason);
    // Then its reason comes back
    await expect(taking).rejects.toBe(reason);
  });
});

describe('a snapshot', () => {
  it('is one frame, or none past the end', async () => {
    // Given a clip
    const { signal } = new AbortController();
    const look = { maxSize: 64, quality: 80, signal };
    // When a picture within and one past the end are asked for
    const within = valueOf(await snapshot({ path: short, atMs: 5_000, ...look }));
    // Then there is one, and there is none
    expect(within && (await sizeOf(within))).toEqual({ width: 64, height: 36, videoCodec: 'mjpeg' });
    expect(valueOf(await snapshot({ path: short, atMs: 60_000, ...look }))).toBeUndefined();
  });
});
