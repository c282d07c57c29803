import { readFile, symlink, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { joinFragments } from '../../../src/media/join-fragments.ts';
import { lookInto } from '../../support/rtsp-house.ts';
import { type MediaFolder, makeMedia, openMediaFolder } from '../../support/test-media.ts';
import { valueOf } from '../../support/value-of.ts';

let media: MediaFolder;
let fragments: string[];
beforeAll(async () => {
  media = await openMediaFolder();
  // Four seconds of ten pictures each, cut at every second, as a camera's main stream is.
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=10:d=4', '-f', 'lavfi', '-i', 'sine=d=4'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '10', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
  const cut = ['-f', 'segment', '-segment_format', 'mpegts', '-segment_time', '0.5'];
  await makeMedia([...source, ...codecs, ...cut, media.file('%d.ts')]);
  fragments = [0, 1, 2, 3].map((seq) => media.file(`${seq}.ts`));
});
afterAll(() => media.remove());

it('joins fragments into one video that has every picture once, with its sound, its index first', async () => {
  // Given
  const output = media.file('whole.mp4');
  // When
  valueOf(await joinFragments({ fragments, output }));
  // Then
  expect(await lookInto(output)).toEqual({ frames: 40, audio: 'aac', isFastStart: true });
});

it('joins what there is of a fragment that nobody finished', async () => {
  // Given a last fragment that ends in the middle of a packet
  const torn = media.file('torn.ts');
  await writeFile(torn, (await readFile(media.file('1.ts'))).subarray(0, 20_001));
  const output = media.file('torn.mp4');
  // When
  valueOf(await joinFragments({ fragments: [media.file('0.ts'), torn], output }));
  // Then
  const { frames } = await lookInto(output);
  expect(frames).toBeGreaterThan(10);
  expect(frames).toBeLessThan(20);
});

it('tells bytes that are no video from a disk that takes no more', async () => {
  // Given bytes of no meaning, and a disk without room
  const noise = media.file('noise.ts');
  await writeFile(noise, 'no video at all '.repeat(1_000));
  const full = media.file('full.mp4');
  await symlink('/dev/full', full);
  // When
  const [unreadable, noRoom] = [
    await joinFragments({ fragments: [noise], output: media.file('noise.mp4') }),
    await joinFragments({ fragments, output: full }),
  ];
  // Then only the first is hopeless
  expect(unreadable).toMatchObject({ ok: false, error: { code: 'CLIP_UNREADABLE' } });
  expect(noRoom).toMatchObject({ ok: false, error: { code: 'UNEXPECTED', message: expect.stringContaining('no room') } });
});
