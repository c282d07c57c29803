import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { probe } from '../../../src/media/probe.ts';
import { type MediaFolder, makeMedia, openMediaFolder } from '../../support/test-media.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

let media: MediaFolder;
let ordinary: string;
beforeAll(async () => {
  media = await openMediaFolder();
  const silent = await media.clip('silent.mp4', 'testsrc2=d=2:r=10:s=320x180');
  ordinary = media.file('ordinary.mp4');
  const began = ['-metadata', 'creation_time=2026-03-29T00:30:00Z'];
  await makeMedia(['-i', silent, '-f', 'lavfi', '-i', 'sine=d=2', '-c:v', 'copy', ...began, ordinary]);
});
afterAll(async () => {
  await media.remove();
  expect(livingMediaProcesses()).toBe(0);
});

async function truncated(name: string, of: string, share: number): Promise<string> {
  const bytes = await readFile(of);
  await writeFile(media.file(name), bytes.subarray(0, Math.floor(bytes.length * share)));
  return media.file(name);
}

describe('probing a video', () => {
  it('tells length, size, rate, codec, sound and when it began', async () => {
    // Given an ordinary clip
    // When it is probed
    // Then the facts are those it was made with
    expect(valueOf(await probe(ordinary))).toEqual({
      ...{ durationMs: 2000, width: 320, height: 180, fps: 10, videoCodec: 'h264', hasAudio: true },
      createdAt: '2026-03-29T00:30:00.000Z',
    });
  });

  it('gives the size as displayed: turned, and with square pixels', async () => {
    // Given a clip that is to be turned, and one whose pixels are twice as wide as high
    const turned = media.file('turned.mp4');
    await makeMedia(['-i', ordinary, '-c', 'copy', '-metadata:s:v', 'rotate=90', turned]);
    const wide = await media.clip('wide.mp4', 'testsrc2=d=1:r=10:s=160x180,setsar=2');
    // When they are probed
    // Then both have the size in which a player shows them
    expect(valueOf(await probe(turned))).toMatchObject({ width: 180, height: 320 });
    expect(valueOf(await probe(wide))).toMatchObject({ width: 320, height: 180, hasAudio: false });
  });

  it('finds the length of a file whose header was never finished', async () => {
    // Given a Matroska file as a killed recorder leaves it
    const live = media.file('live.mkv');
    await makeMedia(['-i', ordinary, '-c', 'copy', '-an', '-f', 'matroska', '-live', '1', live]);
    // When it is probed
    // Then its length is that of its packets
    expect(valueOf(await probe(live)).durationMs).toBe(2000);
  });

  it('reads a recording that starts in the middle of a group of pictures', async () => {
    // Given a transport stream without its first key frame
    const whole = await media.clip('whole.ts', 'testsrc2=d=6:r=10:s=320x180', '-g', '30', '-bf', '0', '-f', 'mpegts');
    const bytes = await readFile(whole);
    const middle = Math.floor(bytes.length / 4 / 188) * 188;
    const headless = media.file('headless.ts');
    await writeFile(headless, bytes.subarray(middle));
    // When it is probed
    // Then it is a video
    expect(valueOf(await probe(headless))).toMatchObject({ videoCodec: 'h264', width: 320 });
  });

  it.each([
    ['a file of no bytes', () => truncated('empty.mp4', ordinary, 0)],
    ['an mp4 cut off before its index', () => truncated('cut.mp4', ordinary, 0.6)],
    [
      'sound without picture',
      () => makeMedia(['-f', 'lavfi', '-i', 'sine=d=1', media.file('sound.m4a')]).then(() => media.file('sound.m4a')),
    ],
    ['a song with a cover', () => songWithCover()],
    ['a text', () => writeFile(media.file('notes.mp4'), 'not a video '.repeat(500)).then(() => media.file('notes.mp4'))],
    ['an index without pictures', () => withoutPictures()],
    ['no file', () => Promise.resolve(media.file('nowhere.mp4'))],
  ])('calls %s unreadable', async (_what, make) => {
    // Given something that is no video
    const path = await make();
    // When it is probed
    // Then it is refused, by name
    const error = errorOf(await probe(path));
    expect(error.code).toBe('CLIP_UNREADABLE');
    expect(error.message).toContain(path);
  });

  it('stops at once when aborted', async () => {
    // Given a caller that has given up
    const reason = new Error('stopped');
    // When it probes
    // Then it gets its own reason
    await expect(probe(ordinary, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

async function songWithCover(): Promise<string> {
  const cover = media.file('cover.jpg');
  const song = media.file('song.m4a');
  await makeMedia(['-f', 'lavfi', '-i', 'testsrc2=s=64x64', '-frames:v', '1', cover]);
  const both = ['-f', 'lavfi', '-i', 'sine=d=1', '-i', cover, '-map', '0', '-map', '1', '-c:v', 'copy'];
  await makeMedia([...both, '-disposition:v:0', 'attached_pic', song]);
  return song;
}

/** The index comes first and promises two seconds; every byte of the pictures is gone. */
async function withoutPictures(): Promise<string> {
  const indexed = media.file('indexed.mp4');
  await makeMedia(['-i', ordinary, '-c', 'copy', '-an', '-movflags', '+faststart', indexed]);
  const bytes = await readFile(indexed);
  const hollow = media.file('hollow.mp4');
  await writeFile(hollow, bytes.subarray(0, bytes.indexOf('mdat') + 4));
  return hollow;
}
