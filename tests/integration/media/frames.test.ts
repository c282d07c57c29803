import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeFrames, type FramesRequest, type RawFrame } from '../../../src/media/frames.ts';
import type { CanvasShape } from '../../../src/media/letterbox.ts';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { childProcesses } from '../../support/child-processes.ts';
import { type MediaFolder, makeMedia, openMediaFolder } from '../../support/test-media.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

let media: MediaFolder;
beforeAll(async () => {
  media = await openMediaFolder();
});
afterAll(() => media.remove());
afterEach(async () => {
  expect(livingMediaProcesses()).toBe(0);
  expect(await childProcesses('ffmpeg')).toEqual([]);
});

const CANVAS: CanvasShape = { width: 64, height: 64, padding: 'center', pad: 114 };
const request = (path: string, given: Partial<FramesRequest> = {}): FramesRequest => ({
  ...{ path, sampleFps: 2, canvas: CANVAS, signal: new AbortController().signal },
  ...given,
});
async function decodeAll(asked: FramesRequest) {
  const decoding = decodeFrames(asked);
  const frames: RawFrame[] = [];
  for await (const frame of decoding) frames.push(frame);
  return { frames, outcome: await decoding.outcome };
}
const timesOf = (frames: readonly RawFrame[]): number[] => frames.map((frame) => frame.atMs);
function pixel({ rgb, letterbox }: RawFrame, x: number, y: number): number[] {
  const at = (y * letterbox.width + x) * 3;
  return [...rgb.subarray(at, at + 3)];
}
const isReddish = ([red = 0, green = 0, blue = 0]: number[]): boolean => red > 150 && green < 100 && blue < 100;

describe('decoding frames', () => {
  it('takes so many per second of media, at their own times', async () => {
    // Given 3 s of 25 frames per second
    const path = await media.clip('steady.mp4', 'testsrc2=d=3:r=25:s=320x180');
    // When two and five per second are asked for
    const two = await decodeAll(request(path));
    const five = await decodeAll(request(path, { sampleFps: 5 }));
    // Then each slot of the grid has its first frame
    expect(timesOf(two.frames)).toEqual([0, 520, 1000, 1520, 2000, 2520]);
    expect(five.frames).toHaveLength(15);
    expect(valueOf(two.outcome)).toEqual({ frames: 6 });
  });

  it('shows no frame twice when there are fewer than asked for', async () => {
    // Given one frame in two seconds for six seconds, then ten per second
    const graph = "testsrc2=d=7:r=10:s=320x180,select='not(mod(n,20))+gte(n,60)'";
    const varying = await media.clip('varying.mkv', graph, '-fps_mode', 'vfr');
    // When it is sampled at 2 per second
    const { frames } = await decodeAll(request(varying));
    // Then each of the slow ones comes once, and the quick ones are thinned out
    expect(timesOf(frames)).toEqual([0, 2000, 4000, 6000, 6500]);
  });

  it('letterboxes without stretching, also odd sizes, turned pictures and wide pixels', async () => {
    // Given red pictures of 3:1, of odd sides, turned by 90 degrees, and with pixels twice as wide as high
    const flat = await media.clip('flat.mp4', 'color=red:d=1:r=2:s=384x128');
    const odd = await media.clip('odd.mkv', 'color=red:d=1:r=2:s=333x111', '-pix_fmt', 'yuv444p');
    const turned = media.file('turned.mp4');
    await makeMedia(['-i', flat, '-c', 'copy', '-metadata:s:v', 'rotate=90', turned]);
    const wide = await media.clip('wide.mp4', 'color=red:d=1:r=2:s=192x128,setsar=2');
    for (const [path, upright] of [
      [flat, false],
      [odd, false],
      [turned, true],
      [wide, false],
    ] as const) {
      // When they are decoded
      const [frame] = (await decodeAll(request(path))).frames;
      // Then a third of the canvas is red, and the border gray
      const side = { width: 64, height: 21 };
      const picture = upright ? { x: 21, y: 0, width: side.height, height: side.width } : { x: 0, y: 21, ...side };
      expect(frame?.letterbox).toEqual({ width: 64, height: 64, picture });
      expect(frame && isReddish(pixel(frame, 32, 32))).toBe(true);
      expect(frame && pixel(frame, 1, upright ? 32 : 1)).toEqual([114, 114, 114]);
      expect(frame && (upright ? pixel(frame, 20, 32) : pixel(frame, 32, 20))).toEqual([114, 114, 114]);
      expect(frame && isReddish(upright ? pixel(frame, 21, 32) : pixel(frame, 32, 21))).toBe(true);
    }
  });

  it('shrinks the canvas to the picture when it may', async () => {
    // Given a 16:9 picture
    const path = await media.clip('shrink.mp4', 'color=red:d=1:r=2:s=320x180');
    // When the canvas may shrink
    const [frame] = (await decodeAll(request(path, { canvas: { ...CANVAS, width: 416, height: 416, shrinkToMultipleOf: 32 } })))
      .frames;
    // Then it has the nearest sides that the network takes, and so many bytes
    expect(frame?.letterbox).toEqual({ width: 416, height: 256, picture: { x: 0, y: 11, width: 416, height: 234 } });
    expect(frame?.rgb.length).toBe(416 * 256 * 3);
  });

  it('counts from the beginning of the file when the picture comes after the sound', async () => {
    // Given a second of sound before the first picture
    const picture = await media.clip('picture.mp4', 'testsrc2=d=1:r=10:s=320x180');
    const path = media.file('late.mp4');
    await makeMedia(['-f', 'lavfi', '-i', 'sine=d=2', '-itsoffset', '1', '-i', picture, '-c:v', 'copy', path]);
    // When it is decoded
    // Then the first frame is at one second
    expect(timesOf((await decodeAll(request(path))).frames)).toEqual([1000, 1500]);
  });

  it.each([
    ['an empty file', () => writeFile(media.file('empty.mp4'), '').then(() => media.file('empty.mp4'))],
    ['sound only', () => makeMedia(['-f', 'lavfi', '-i', 'sine=d=1', media.file('s.m4a')]).then(() => media.file('s.m4a'))],
    ['no file', () => Promise.resolve(media.file('nowhere.mp4'))],
  ])('calls %s unreadable, not empty', async (_what, make) => {
    // Given a file without pictures
    const path = await make();
    // When it is decoded
    const { frames, outcome } = await decodeAll(request(path));
    // Then that is an error
    expect(frames).toEqual([]);
    expect(errorOf(outcome).code).toBe('CLIP_UNREADABLE');
  });

  it('says how far it got in a file that was cut off', async () => {
    // Given the first half of a clip whose index comes first
    const whole = await media.clip('whole.mp4', 'testsrc2=d=8:r=10:s=320x180', '-g', '10', '-movflags', '+faststart');
    const bytes = await readFile(whole);
    const half = media.file('half.mp4');
    await writeFile(half, bytes.subarray(0, bytes.length / 2));
    // When it is decoded
    const { frames, outcome } = await decodeAll(request(half));
    // Then there are frames, and the outcome says that they are not all
    expect(frames.length).toBeGreaterThan(4);
    expect(frames.length).toBeLessThan(14);
    expect(valueOf(outcome).cutShort).toMatch(/only the first \d\.\d of 8\.0 s can be decoded/);
  });

  it('leaves no ffmpeg behind when the reader stops early', async () => {
    // Given a clip of which most has not been decoded
    const path = await media.clip('long.mp4', 'testsrc2=d=60:r=10:s=640x360');
    const decoding = decodeFrames(request(path, { canvas: { ...CANVAS, width: 640, height: 640 } }));
    // When the reader leaves the loop at the first frame
    for await (const frame of decoding) {
      expect(frame.atMs).toBe(0);
      break;
    }
    // Then that is no error, and the process is gone
    expect(valueOf(await decoding.outcome)).toEqual({ frames: 1 });
  });

  it('is killed by the signal, whose reason the reader gets', async () => {
    // Given a reader who holds the first frame of a long clip
    const path = await media.clip('aborted.mp4', 'testsrc2=d=60:r=10:s=640x360');
    const abort = new AbortController();
    const reason = new Error('stopped');
    const canvas = { ...CANVAS, width: 640, height: 640 };
    const reader = decodeFrames(request(path, { canvas, signal: abort.signal }))[Symbol.asyncIterator]();
    await reader.next();
    // When the signal comes
    abort.abort(reason);
    // Then ffmpeg ends without being read on, and who reads on gets the reason
    await waitUntil('ffmpeg is gone', () => livingMediaProcesses() === 0);
    await expect(reader.next()).rejects.toBe(reason);
  });

  it('keeps the frames of a short clip for a reader who comes after the decoder has ended', async () => {
    // Given a decoder that is done before anybody reads
    const path = await media.clip('brief.mp4', 'testsrc2=d=2:r=2:s=64x64');
    const decoding = decodeFrames(request(path));
    await waitUntil('ffmpeg has ended', async () => (await childProcesses('ffmpeg')).length === 0);
    // When the reader comes
    const times: number[] = [];
    for await (const frame of decoding) times.push(frame.atMs);
    // Then nothing is lost
    expect(times).toEqual([0, 500, 1000, 1500]);
    expect(valueOf(await decoding.outcome)).toEqual({ frames: 4 });
  });

  it('waits for a slow reader instead of piling up frames', async () => {
    // Given a reader that holds the first frame of a long clip
    const path = await media.clip('slow.mp4', 'testsrc2=d=20:r=10:s=640x360');
    const decoding = decodeFrames(request(path, { sampleFps: 10, canvas: { ...CANVAS, width: 640, height: 640 } }));
    const reader = decoding[Symbol.asyncIterator]();
    await reader.next();
    // When the decoder has had the time in which another decodes all of it
    const other = await decodeAll(request(path, { sampleFps: 10, canvas: { ...CANVAS, width: 640, height: 640 } }));
    expect(other.frames).toHaveLength(200);
    // Then the first still runs: it could not write on
    expect(livingMediaProcesses()).toBe(1);
    await reader.return?.();
  });
});
