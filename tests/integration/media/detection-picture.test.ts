import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Detection } from '../../../src/domain/detection.ts';
import { type DetectionPictureRequest, drawDetection } from '../../../src/media/detection-picture.ts';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { type MediaFolder, openMediaFolder } from '../../support/test-media.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

let media: MediaFolder;
let blue: string;
beforeAll(async () => {
  media = await openMediaFolder();
  blue = await media.clip('blue.mp4', 'color=blue:d=2:r=10:s=1920x1080');
});
afterAll(() => media.remove());
afterEach(() => expect(livingMediaProcesses()).toBe(0));

const DETECTION: Detection = {
  className: 'person',
  confidence: 0.874,
  box: { x: 0.25, y: 0.25, width: 0.5, height: 0.5 },
  atMs: 1_500,
};
const draw = (detection: Partial<Detection> = {}, given: Partial<DetectionPictureRequest> = {}) =>
  drawDetection({
    ...{ path: blue, maxSize: 1280, quality: 90, signal: new AbortController().signal },
    ...given,
    detection: { ...DETECTION, ...detection },
  });

/** The picture as ffmpeg shows it: width, and a function that tells the colour of a place. */
async function look(jpeg: Buffer) {
  const path = media.file('picture.jpg');
  await writeFile(path, jpeg);
  const args = ['-v', 'error', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const { stdout } = await promisify(execFile)('ffmpeg', args, { encoding: 'buffer', maxBuffer: 10_000_000 });
  const width = Math.sqrt((stdout.length / 3) * (16 / 9));
  return {
    width,
    at: (x: number, y: number): string => {
      const [red = 0, green = 0, blueness = 0] = stdout.subarray((y * width + x) * 3);
      if (Math.min(red, green, blueness) > 180) return 'paper';
      return red > 180 && green > 100 && blueness < 90 ? 'orange' : 'blue';
    },
  };
}

describe('the picture of a detection', () => {
  it('has its box, and what it is above it, at most 1280 pixels wide', async () => {
    // Given a person in the middle of a large blue picture
    const drawn = valueOf(await draw());
    // When
    const { width, at } = await look(drawn);
    // Then
    expect(width).toBe(1280);
    expect([at(321, 360), at(958, 360), at(640, 181), at(640, 538)]).toEqual(['orange', 'orange', 'orange', 'orange']);
    expect([at(322, 162), at(640, 360), at(300, 360)]).toEqual(['paper', 'blue', 'blue']);
  });

  it('has finer lines and words where it is small', async () => {
    // Given
    const drawn = valueOf(await draw({}, { maxSize: 320 }));
    // When
    const { width, at } = await look(drawn);
    // Then the words are 22 pixels high, not 44
    expect([width, at(81, 90), at(82, 26), at(82, 10)]).toEqual([320, 'orange', 'paper', 'blue']);
  });

  it('keeps its words inside the picture', async () => {
    // Given something in the upper right corner
    const drawn = valueOf(await draw({ box: { x: 0.97, y: 0, width: 0.03, height: 0.1 } }));
    // When
    const { at } = await look(drawn);
    // Then
    expect(at(1277, 2)).toBe('paper');
  });

  it.each([
    ['there is no such moment', { atMs: 60_000 }, {}],
    ['there is no such file', {}, { path: '/nowhere.mp4' }],
  ])('is an error when %s', async (_why, detection, given) => {
    // Given a video of two seconds, When
    const failure = errorOf(await draw(detection, given));
    // Then
    expect(failure.code).toBe('CLIP_UNREADABLE');
  });

  it('is called off by its signal', async () => {
    // Given
    const signal = AbortSignal.abort(new Error('called off'));
    // When
    const drawing = draw({}, { signal });
    // Then
    await expect(drawing).rejects.toThrow('called off');
  });
});
