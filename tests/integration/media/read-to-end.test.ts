import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readToEnd } from '../../../src/media/read-to-end.ts';
import { isWholeJpeg } from '../../../src/media/whole-jpeg.ts';
import { type MediaFolder, makeMedia, openMediaFolder } from '../../support/test-media.ts';

describe('a file is read to its end', () => {
  let media: MediaFolder;
  let video = '';
  beforeAll(async () => {
    media = await openMediaFolder();
    video = await media.clip('video.mp4', 'testsrc2=d=6:r=10:s=320x180', '-g', '10');
  });
  afterAll(() => media.remove());

  test.each([
    ['whole.mp4', ['-movflags', '+faststart']],
    ['last-index.mp4', []],
    ['fragments.mp4', ['-movflags', '+frag_keyframe+empty_moov']],
    ['trimmed.mp4', ['-ss', '1.5', '-t', '3', '-movflags', '+faststart']],
    ['whole.mkv', []],
    ['whole.avi', []],
    ['whole.mov', []],
  ])('%s: whole it is fine, and cut off anywhere it is not', async (name, options) => {
    // Given
    const path = media.file(name);
    await makeMedia(['-i', video, '-c', 'copy', ...options, path]);
    const bytes = await readFile(path);
    const whole = await readToEnd(path);
    // When
    const cut: boolean[] = [];
    for (const share of [0.3, 0.6, 0.9]) {
      await writeFile(media.file(`cut-${name}`), bytes.subarray(0, Math.floor(bytes.length * share)));
      cut.push((await readToEnd(media.file(`cut-${name}`))).ok);
    }
    // Then
    expect(whole.ok).toBe(true);
    expect(cut).toEqual([false, false, false]);
  });

  test('MPEG-TS, which has no index, is whole wherever it ends', async () => {
    // Given
    const path = media.file('whole.ts');
    await makeMedia(['-i', video, '-c', 'copy', path]);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    // When / Then
    expect((await readToEnd(path)).ok).toBe(true);
  });

  test('what is no video is not, nor is what is not there', async () => {
    // Given
    await writeFile(media.file('text.mp4'), 'no video');
    // When
    const results = [await readToEnd(media.file('text.mp4')), await readToEnd(media.file('none.mp4'))];
    // Then
    expect(results.map((result) => (result.ok ? '' : result.error.code))).toEqual(['CLIP_UNREADABLE', 'CLIP_UNREADABLE']);
  });

  test('a JPEG is whole to its end marker, whatever stands in front of the picture or behind it', async () => {
    // Given
    await makeMedia(['-i', video, '-frames:v', '1', media.file('picture.jpg')]);
    const picture = await readFile(media.file('picture.jpg'));
    const thumbnail = Buffer.concat([Buffer.from([0xff, 0xe1, 0x00, 0x06]), Buffer.from([0xff, 0xd8, 0xff, 0xd9])]);
    const withThumbnail = Buffer.concat([picture.subarray(0, 2), thumbnail, picture.subarray(2)]);
    const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);
    // When
    const whole = [picture, withThumbnail, Buffer.concat([picture, Buffer.alloc(100)])].map(isWholeJpeg);
    const broken = [half(picture), half(withThumbnail), picture.subarray(0, 10), picture.subarray(0, 1), Buffer.from('text')].map(
      isWholeJpeg,
    );
    // Then
    expect(whole).toEqual([true, true, true]);
    expect(broken).toEqual([false, false, false, false, false]);
  });
});
