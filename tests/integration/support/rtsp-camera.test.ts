import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGstCamera } from '../../support/gst-camera.ts';
import { openTestCamera, type TestCamera, type TestCameraOptions } from '../../support/rtsp-camera.ts';
import { playRtsp, type ReceivedFrame } from '../../support/rtsp-client.ts';
import { type MediaFolder, openMediaFolder } from '../../support/test-media.ts';
import { waitUntil } from '../../support/wait-until.ts';

const FPS = 10;
/** One picture, in the clock of video. */
const STEP = 90_000 / FPS;

let media: MediaFolder;
let video: string;
beforeAll(async () => {
  media = await openMediaFolder();
  video = await media.clip('moving.mp4', `testsrc2=d=4:r=${FPS}:s=320x180`);
});
afterAll(() => media.remove());

const openCamera = (options: Partial<TestCameraOptions> = {}): Promise<TestCamera> =>
  openTestCamera({ video, loop: true, ...options });

const received = (what: { pictures(): readonly ReceivedFrame[] }, count: number): Promise<void> =>
  waitUntil(`${count} pictures`, () => what.pictures().length >= count);

const steps = (frames: readonly ReceivedFrame[]): number[] =>
  frames.slice(1).map(({ dts }, index) => dts - (frames[index]?.dts ?? 0));

async function probeStreams(url: string): Promise<string[]> {
  const entries = ['-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0'];
  const { stdout } = await promisify(execFile)('ffprobe', [
    '-v',
    'error',
    '-analyzeduration',
    '500000',
    '-rtsp_transport',
    'tcp',
    ...entries,
    url,
  ]);
  return stdout.trim().split(/\s+/);
}

async function refusalOf(url: string): Promise<string> {
  await using client = playRtsp(url, 'copy');
  await client.ended;
  expect(client.frames).toEqual([]);
  return client.complaints();
}

describe('a test camera', () => {
  it('sends every frame once, evenly, at the rate of the video, and ends with it when asked to', async () => {
    // Given a camera whose clients see the video from its beginning
    await using camera = await openCamera({ loop: false, endAtEnd: true, sharedClock: false });
    // When one looks until it is over
    await using client = playRtsp(camera.mainUrl, 'copy');
    await client.ended;
    // Then it has 4 seconds of 10 frames, no timestamp left out
    expect(client.pictures()).toHaveLength(40);
    expect(new Set(steps(client.pictures()).slice(2))).toEqual(new Set([STEP]));
    // Then the camera knows what it sent, and did not send it faster than it happens
    const { frames, spans } = camera.sent('main');
    expect(frames).toBe(40);
    expect(spans).toMatchObject([{ fromSecond: 0, toSecond: 4 }]);
    expect((spans[0]?.lastFrameAtMs ?? 0) - (spans[0]?.firstFrameAtMs ?? 0)).toBeGreaterThan(3000);
  });

  it('has two streams of one scene, which goes on whoever looks', async () => {
    // Given a camera with a smaller second stream
    await using camera = await openCamera({ sub: { width: 160, height: 90, fps: 5 } });
    // When its streams are probed, then both played
    expect(await probeStreams(camera.mainUrl)).toEqual(['h264,320,180']);
    expect(await probeStreams(camera.subUrl)).toEqual(['h264,160,90']);
    await using main = playRtsp(camera.mainUrl, 'copy');
    await using sub = playRtsp(camera.subUrl, 'copy');
    await Promise.all([received(main, 12), received(sub, 6)]);
    // Then there are two sessions more, and all began at a keyframe
    expect(camera.sessions()).toBe(2);
    expect(camera.totalSessions()).toBe(4);
    for (const which of ['main', 'sub'] as const) {
      expect(camera.sent(which).spans.filter(({ fromSecond }) => !Number.isInteger(fromSecond))).toEqual([]);
    }
  });

  it('goes to another second of the video without a gap in its timestamps', async () => {
    // Given a client that plays
    await using camera = await openCamera({ loop: false });
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 3);
    // When the scene goes back to its first second, three times
    const fromStart = (): number => camera.sent('main').spans.filter(({ fromSecond }) => fromSecond === 0).length;
    for (let times = fromStart() + 1, goal = fromStart() + 3; times <= goal; times += 1) {
      camera.seek(0.9);
      await waitUntil('the first second again', () => fromStart() === times);
    }
    await received(client, 15);
    // Then each time it went on from the keyframe, and the client's clock did not notice
    expect(new Set(steps(client.pictures()).slice(4))).toEqual(new Set([STEP]));
  });

  it('begins again after the end when it loops, else the last picture stays', async () => {
    // Given a camera of either kind
    await using looping = await openCamera({ loop: true, sharedClock: false });
    await using holding = await openCamera({ loop: false, sharedClock: false });
    // When their clients look longer than the video is
    await using circle = playRtsp(looping.mainUrl, 'decode');
    await using still = playRtsp(holding.mainUrl, 'decode');
    await Promise.all([received(circle, 45), received(still, 45)]);
    // Then one sees the first picture again, and the other nothing new
    expect(circle.pictures()[40]?.checksum).toBe(circle.pictures()[0]?.checksum);
    expect(holding.position()).toBe(4);
    expect(still.pictures()[41]?.checksum).not.toBe(still.pictures()[1]?.checksum);
  });

  it.each([
    ['pcma', 'pcm_alaw'],
    ['aac', 'aac'],
  ] as const)('sends sound as %s', async (audio, codec) => {
    // Given a camera with sound
    await using camera = await openCamera({ audio });
    // When it is probed and played
    const streams = await probeStreams(camera.mainUrl);
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 15);
    // Then picture and sound come together, the sound without a gap
    expect(streams.map((stream) => stream.split(',')[0])).toEqual(['h264', codec]);
    const sound = client.frames.filter(({ track }) => track === 1);
    expect(sound.length).toBeGreaterThan(15);
    expect(new Set(steps(sound).slice(2)).size).toBe(1);
  });

  it('lets in who knows the password, by Digest', async () => {
    // Given credentials that a URL cannot hold as they are
    await using camera = await openCamera({ credentials: { user: 'ad min', password: 'p@ss:/wo%rd?#ü' } });
    const stranger = new URL(camera.mainUrl);
    stranger.password = 'guess';
    // When a client has them, has others, or none
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 2);
    // Then only the first one sees something
    expect(await refusalOf(stranger.href)).toContain('401');
    expect(await refusalOf(`rtsp://127.0.0.1:${camera.port}/main`)).toContain('401');
    // When the camera has forgotten its users
    camera.unauthorized(true);
    // Then nobody is let in
    expect(await refusalOf(camera.mainUrl)).toContain('401');
  });

  it('leaves nothing behind', async () => {
    // Given a client that plays
    const camera = await openCamera();
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 1);
    // When the camera is put away
    await camera[Symbol.asyncDispose]();
    // Then the client is at its end, and nobody answers any more
    await client.ended;
    expect(await refusalOf(camera.mainUrl)).toContain('Connection refused');
    expect(camera.sessions()).toBe(0);
  });
});

describe('a test camera with a fault', () => {
  it('refuses new clients while those that are there stay', async () => {
    // Given a client that plays
    await using camera = await openCamera();
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 1);
    // When the port is closed
    camera.refuse(true);
    // Then others are refused, and it goes on
    expect(await refusalOf(camera.mainUrl)).toContain('Connection refused');
    await received(client, client.pictures().length + 5);
    // When it is open again, then others can play
    camera.refuse(false);
    await using other = playRtsp(camera.mainUrl, 'copy');
    await received(other, 1);
  });

  it('cuts its connections', async () => {
    // Given a client that plays
    await using camera = await openCamera();
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 1);
    // When they are cut, then it ends, and the next one plays
    camera.drop();
    await client.ended;
    expect(camera.sessions()).toBe(0);
    await using next = playRtsp(camera.mainUrl, 'copy');
    await received(next, 1);
  });

  it('says nothing any more on a stream that stalls, and goes on at a keyframe', async () => {
    // Given a patient and an impatient client, and one of the other stream
    await using camera = await openCamera();
    await using patient = playRtsp(camera.mainUrl, 'copy');
    await using impatient = playRtsp(camera.mainUrl, 'copy', ['-timeout', '1000000']);
    await using sub = playRtsp(camera.subUrl, 'copy');
    await Promise.all([received(patient, 2), received(impatient, 2), received(sub, 2)]);
    // When the main stream stalls
    camera.stall(true, 'main');
    const { frames } = camera.sent('main');
    // Then the impatient one gives up, the patient one waits, and the other stream goes on
    await impatient.ended;
    await received(sub, sub.pictures().length + 5);
    expect(camera.sent('main').frames).toBe(frames);
    // When it goes on
    camera.stall(false);
    await received(patient, frames + 5);
    // Then it does at a keyframe, and the time that was lost is seen
    expect(camera.sent('main').spans.filter(({ fromSecond }) => !Number.isInteger(fromSecond))).toEqual([]);
    expect(Math.max(...steps(patient.pictures()))).toBeGreaterThan(STEP);
  });

  it('freezes: frames and time go on, the picture does not', async () => {
    // Given a client that sees things move
    await using camera = await openCamera();
    await using client = playRtsp(camera.mainUrl, 'decode');
    await received(client, 5);
    const differentOfLast = (count: number): number =>
      new Set(
        client
          .pictures()
          .slice(-count)
          .map(({ checksum }) => checksum),
      ).size;
    expect(differentOfLast(4)).toBe(4);
    // When the picture freezes, then it does not change any more
    camera.freeze(true);
    await waitUntil('a frozen picture', () => differentOfLast(10) === 1);
    expect(Math.min(...steps(client.pictures().slice(-10)))).toBeGreaterThan(0);
    // When it thaws, then things move again
    camera.freeze(false);
    await waitUntil('a moving picture', () => differentOfLast(10) === 10);
    expect(client.complaints()).not.toMatch(/error/i);
  });

  it('is slow', async () => {
    // Given a client that plays
    await using camera = await openCamera({ loop: false });
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 1);
    // When all takes four times as long
    camera.slow(0.25);
    const before = { atMs: performance.now(), count: client.pictures().length, second: camera.position() };
    await received(client, before.count + 5);
    // Then what came is less than half of what should have
    const shouldBe = ((performance.now() - before.atMs) / 1000) * FPS;
    expect(client.pictures().length - before.count).toBeLessThan(shouldBe / 2);
    expect((camera.position() - before.second) * FPS).toBeLessThan(shouldBe / 2);
  });

  it('stamps its frames wrongly', async () => {
    // Given a client that plays
    await using camera = await openCamera();
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 5);
    // When the timestamps stand still, then they are equal
    camera.badTimestamps('constant');
    await waitUntil('equal timestamps', () => steps(client.pictures().slice(-5)).filter((step) => step === 0).length === 4);
    // When they leap, then by an hour
    camera.badTimestamps('jump');
    await waitUntil('a leap', () => steps(client.pictures()).some((step) => step >= 3600 * 90_000));
    // When they go back, then ffmpeg says so
    camera.badTimestamps('backwards');
    await waitUntil('a step back', () => /non-monoton/i.test(client.complaints()));
  });

  it('has no room for one more', async () => {
    // Given a camera that allows one session, which is taken
    await using camera = await openCamera();
    camera.maxSessions(1);
    await using first = playRtsp(camera.mainUrl, 'copy');
    await received(first, 1);
    // When another one comes, then it is told so
    expect(await refusalOf(camera.subUrl)).toContain('453');
    // When the first one has gone, then there is room
    await first[Symbol.asyncDispose]();
    await waitUntil('an end of the session', () => camera.sessions() === 0);
    await using second = playRtsp(camera.subUrl, 'copy');
    await received(second, 1);
  });

  it('reboots', async () => {
    // Given a client that plays
    await using camera = await openCamera();
    await using client = playRtsp(camera.mainUrl, 'copy');
    await received(client, 1);
    // When the camera reboots, then the client ends and others are refused
    camera.reboot(3000);
    expect(await refusalOf(camera.mainUrl)).toContain('Connection refused');
    await client.ended;
    // Then it is back by itself
    await waitUntil('the camera is back', async () => {
      await using next = playRtsp(camera.mainUrl, 'copy');
      await Promise.race([next.ended, waitUntil('a picture', () => next.pictures().length > 0)]);
      return next.pictures().length > 0;
    });
  });

  it('waits for nobody: who does not read misses frames, the others do not', async () => {
    // Given a camera with much to send, and two clients
    await using camera = await openCamera({ width: 1920, height: 1080, fps: 25, gopSeconds: 0.04 });
    await using reader = playRtsp(camera.mainUrl, 'copy');
    await using sleeper = playRtsp(camera.mainUrl, 'copy');
    await Promise.all([received(reader, 5), received(sleeper, 5)]);
    // When one of them stops reading for longer than the network can hold
    sleeper.signal('SIGSTOP');
    await received(reader, reader.pictures().length + 250);
    sleeper.signal('SIGCONT');
    // Then it sees the gap, and the other none
    await waitUntil('a gap', () => Math.max(...steps(sleeper.pictures().slice(3))) > 90_000 / 25);
    expect(new Set(steps(reader.pictures()).slice(4))).toEqual(new Set([90_000 / 25]));
  });
});

describe('a camera of GStreamer', () => {
  it('plays the video in real time', async () => {
    // Given GStreamer's server
    await using camera = await openGstCamera({ video });
    // When it is played to the end
    await using client = playRtsp(camera.url, 'copy');
    await client.ended;
    // Then every frame has come
    expect(client.pictures()).toHaveLength(40);
  });
});
