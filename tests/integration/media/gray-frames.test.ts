import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { decodeGrayFrames, type GrayFrame } from '../../../src/media/gray-frames.ts';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { type MediaFolder, openMediaFolder } from '../../support/test-media.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

let media: MediaFolder;
beforeAll(async () => {
  media = await openMediaFolder();
});
afterAll(() => media.remove());
afterEach(() => expect(livingMediaProcesses()).toBe(0));

const decode = (path: string, signal = new AbortController().signal) =>
  decodeGrayFrames({ path, sampleFps: 5, width: 32, height: 18, signal });
async function framesOf(decoding: AsyncIterable<GrayFrame>): Promise<GrayFrame[]> {
  const frames: GrayFrame[] = [];
  for await (const frame of decoding) frames.push(frame);
  return frames;
}

it('gives small gray frames at their times, whatever the shape of the picture', async () => {
  // Given a square picture, black on the left, white on the right
  const path = await media.clip('halves.mp4', 'color=black:d=2:r=25:s=64x64,drawbox=x=32:w=32:h=64:c=white:t=fill');
  // When
  const decoding = decode(path);
  const frames = await framesOf(decoding);
  // Then
  expect(frames.map(({ atMs }) => atMs)).toEqual([0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800]);
  for (const { data } of frames) {
    expect(data).toHaveLength(32 * 18);
    for (const y of [0, 9, 17]) {
      expect(data[y * 32 + 2]).toBeLessThan(20);
      expect(data[y * 32 + 29]).toBeGreaterThan(235);
    }
  }
  expect(valueOf(await decoding.outcome)).toEqual({ frames: 10 });
});

it('tells a file without video from an empty one', async () => {
  // Given
  const path = media.file('notes.mp4');
  await writeFile(path, 'no video');
  // When
  const decoding = decode(path);
  const frames = await framesOf(decoding);
  // Then
  expect(frames).toEqual([]);
  expect(errorOf(await decoding.outcome).code).toBe('CLIP_UNREADABLE');
});

it('ends its decoder when the reader has seen enough', async () => {
  // Given
  const path = await media.clip('long.mp4', 'testsrc2=d=60:r=10:s=64x64');
  const decoding = decode(path);
  // When
  for await (const _frame of decoding) break;
  // Then
  expect(valueOf(await decoding.outcome)).toEqual({ frames: 1 });
});
