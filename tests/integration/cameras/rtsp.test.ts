import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { openGstCamera } from '../../support/gst-camera.ts';
import { lookInto, openRtspHouse, VISIT, visitVideo } from '../../support/rtsp-house.ts';
import { type MediaFolder, openMediaFolder } from '../../support/test-media.ts';
import { waitUntil } from '../../support/wait-until.ts';

let media: MediaFolder;
let visit: string;
let busy: string;
beforeAll(async () => {
  media = await openMediaFolder();
  visit = await visitVideo(media);
  // Something moves all the time.
  busy = await media.clip('busy.mp4', 'testsrc2=s=640x360:r=10:d=12');
});
afterAll(async () => {
  await media.remove();
  // Whatever happened, nobody is left over.
  expect(livingMediaProcesses()).toBe(0);
});

describe.concurrent('a camera with a visit', () => {
  it('gives one clip, from its pre-roll to its stop delay, with its sound, ready to play', async () => {
    // Given a camera with the sound of cheap ones, which neither fragments nor clips can hold as it is
    await using house = await openRtspHouse({ video: visit, audio: 'pcma' });
    const source = await house.record();
    await waitUntil('online', () => source.status().state === 'watching');
    // When
    house.camera.seek(0);
    const seekedAtMs = Date.now();
    const [clip] = await house.sealed(1);
    if (clip === undefined) throw new Error('no clip');
    // Then it holds the visit, two seconds before and one after it, to a group of pictures
    const startsAtS = (Date.parse(clip.recordedStartAt) - seekedAtMs) / 1000;
    const endsAtS = (Date.parse(clip.recordedEndAt) - seekedAtMs) / 1000;
    expect(startsAtS).toBeLessThanOrEqual(VISIT.from - 1);
    expect(startsAtS).toBeGreaterThan(0);
    expect(endsAtS).toBeGreaterThanOrEqual(VISIT.until);
    expect(endsAtS).toBeLessThan(VISIT.lasts);
    // And it is whole: as long as it says, with sound, its index first
    const { frames, audio, isFastStart } = await lookInto(clip.path);
    expect(Math.abs(frames * 100 - clip.durationMs)).toBeLessThanOrEqual(200);
    expect({ audio, isFastStart }).toEqual({ audio: 'aac', isFastStart: true });
    expect(clip).toMatchObject({ cameraName: 'Front Door', sourceBackend: 'rtsp', eventId: expect.any(String) });
    expect(source.status().connection?.notes).toContain('audio: pcm_alaw, made AAC');
    // And nothing else was worth a clip
    await source.stop();
    expect(await house.clips()).toHaveLength(1);
  });

  it('that asks for a password in words with signs is recorded, and nobody is told the password', async () => {
    // Given
    const credentials = { user: 'ad min', password: 'p@ss/w:rd#1?' };
    await using house = await openRtspHouse({ video: busy, loop: true, credentials }, { CAMERA_PASSWORD: credentials.password });
    const bare = (url: string): string => url.replace(/\/\/.*@/, '//');
    // When
    const source = await house.record({
      ...{ rtsp_url: bare(house.camera.mainUrl), detect_rtsp_url: bare(house.camera.subUrl) },
      ...{ username: credentials.user, password_env: 'CAMERA_PASSWORD' },
    });
    await waitUntil('recording', () => source.status().state === 'recording');
    house.camera.unauthorized(true);
    house.camera.drop();
    await waitUntil('refused', () => source.status().connection?.lastError?.includes('password_env') === true);
    // Then
    const told = JSON.stringify([source.status(), house.context.lines]);
    expect(told).not.toContain('p@ss');
    expect(told).not.toContain(encodeURIComponent(credentials.password));
    // And it comes back by itself
    house.camera.unauthorized(false);
    await waitUntil('recording again', () => source.status().state === 'recording');
  });
});

describe.concurrent('a long event', () => {
  it('becomes clips that join exactly, under one event id', async () => {
    // Given
    await using house = await openRtspHouse({ video: busy, loop: true });
    // When it lasts longer than a clip may
    const source = await house.record({ recording: { pre_roll_s: 1, stop_delay_s: 5, max_recording_s: 5 } });
    await house.sealed(3);
    await source.stop();
    const clips = await house.clips();
    // Then
    expect(new Set(clips.map(({ eventId }) => eventId)).size).toBe(1);
    for (const [index, clip] of clips.slice(1).entries()) {
      const gapMs = Date.parse(clip.recordedStartAt) - Date.parse(clips[index]?.recordedEndAt ?? '');
      expect(Math.abs(gapMs)).toBeLessThan(300);
    }
    // And no picture is missing or there twice: the camera sends ten each second
    const facts = await Promise.all(clips.map(({ path }) => lookInto(path)));
    const frames = facts.reduce((sum, fact) => sum + fact.frames, 0);
    const spanMs = Date.parse(clips.at(-1)?.recordedEndAt ?? '') - Date.parse(clips[0]?.recordedStartAt ?? '');
    expect(Math.abs(frames - spanMs / 100)).toBeLessThanOrEqual(3);
  });
});

describe.concurrent('when the connection is lost', () => {
  it('what was recorded is a clip, the camera is connected to again, and the event goes on', async () => {
    // Given an event
    await using house = await openRtspHouse({ video: busy, loop: true });
    const source = await house.record();
    await waitUntil('recording', () => source.status().state === 'recording');
    await waitUntil('a few seconds of it', () => house.camera.sent('main').frames > 40);
    // When the camera reboots
    house.camera.reboot(1_500);
    await waitUntil('away', () => source.status().state === 'reconnecting');
    const [before] = await house.sealed(1);
    await waitUntil('back', () => source.status().state === 'recording');
    await source.stop();
    // Then
    const [, after] = await house.sealed(2);
    expect(after?.eventId).toBe(before?.eventId);
    expect((await lookInto(before?.path ?? '')).frames).toBeGreaterThan(20);
    expect(house.context.lines.map(({ message }) => message)).toContain('the camera is online');
  });

  it.each([
    ['says nothing any more', 'stall', /has sent nothing for 2 s|says nothing|does not send anything/],
    ['is not there', 'refuse', /does not answer|has ended the connection/],
  ] as const)('a camera that %s is told of, and found again', async (_what, fault, message) => {
    // Given
    await using house = await openRtspHouse({ video: busy, loop: true });
    const source = await house.record();
    await waitUntil('recording', () => source.status().state === 'recording');
    // When
    house.camera[fault](true);
    if (fault === 'refuse') house.camera.drop();
    await waitUntil('told', () => message.test(source.status().connection?.lastError ?? ''));
    expect(source.status().connection).toMatchObject({ online: false, reconnects: 0 });
    house.camera[fault](false);
    // Then
    await waitUntil('back', () => source.status().connection?.online === true);
    expect(source.status().connection).toMatchObject({ reconnects: 1 });
  });

  it('of the small stream, the recording of the big one goes on, and motion is looked for there', async () => {
    // Given
    await using house = await openRtspHouse({ video: busy, loop: true });
    const source = await house.record({ reconnect: { backoff_s: 0.1, max_backoff_s: 1, detect_fallback_attempts: 2 } });
    await waitUntil('recording', () => source.status().state === 'recording');
    const framesBefore = house.camera.sent('main').frames;
    // When only the small stream goes silent
    house.camera.stall(true, 'sub');
    const told = (): boolean => source.status().connection?.notes.some((note) => note.includes('detect stream is lost')) === true;
    await waitUntil('the fallback', told, 60_000);
    // Then the main stream was never let go of
    expect(source.status().connection).toMatchObject({ online: true, reconnects: 0 });
    expect(house.camera.sent('main').frames).toBeGreaterThan(framesBefore);
    // And its event still goes on
    expect(source.status().state).toBe('recording');
  });
});

describe.concurrent('a camera that is not quite right', () => {
  it('and allows one connection gets one, which is remembered', async () => {
    // Given
    await using house = await openRtspHouse({ video: busy, loop: true });
    house.camera.maxSessions(1);
    const source = await house.record();
    // When, Then
    await waitUntil('recording', () => source.status().state === 'recording', 60_000);
    expect(house.camera.sessions()).toBe(1);
    const note = 'one connection for everything, motion from the main stream: the camera allows no second one';
    expect(source.status().connection?.notes).toContain(note);
    await source.stop();
    // And the next start does not try again
    const before = house.camera.totalSessions();
    const again = await house.record();
    await waitUntil('recording again', () => again.status().state === 'recording');
    expect(house.camera.totalSessions()).toBe(before + 1);
    expect(again.status().connection?.notes).toContain(note);
  });

  it('and absent at first is waited for', async () => {
    // Given
    await using house = await openRtspHouse({ video: busy, loop: true });
    house.camera.refuse(true);
    const source = await house.record();
    await waitUntil('told', () => source.status().state === 'reconnecting');
    // When
    house.camera.refuse(false);
    // Then
    await waitUntil('recording', () => source.status().state === 'recording');
  });

  it('whose clock stands still is timed by the arrival of its pictures', async () => {
    // Given
    await using house = await openRtspHouse({ video: busy, loop: true });
    house.camera.badTimestamps('constant');
    // When
    const source = await house.record();
    const told = (): boolean =>
      source.status().connection?.notes.some((note) => note.includes('timed by their arrival')) === true;
    await waitUntil('found out', told, 60_000);
    await waitUntil('recording', () => source.status().state === 'recording');
    const framesBefore = house.camera.sent('main').frames;
    await waitUntil('some seconds of it', () => house.camera.sent('main').frames > framesBefore + 60);
    await source.stop();
    // Then what is recorded is as long as it took
    const durationMs = (await house.clips()).at(-1)?.durationMs ?? 0;
    expect(durationMs).toBeGreaterThan(4_000);
    expect(durationMs).toBeLessThan(30_000);
  });

  it.each(['jump', 'backwards'] as const)(
    'whose clock goes wrong (%s) still gives a recording as long as it took',
    async (mode) => {
      // Given
      await using house = await openRtspHouse({ video: busy, loop: true });
      house.camera.badTimestamps(mode);
      // When
      const source = await house.record();
      await waitUntil('recording', () => source.status().state === 'recording');
      const framesBefore = house.camera.sent('main').frames;
      await waitUntil('ten seconds of it', () => house.camera.sent('main').frames > framesBefore + 100);
      await source.stop();
      // Then
      const recordedMs = (await house.clips()).reduce((sum, clip) => sum + clip.durationMs, 0);
      expect(recordedMs).toBeGreaterThan(7_000);
      expect(recordedMs).toBeLessThan(40_000);
    },
  );

  it('whose picture freezes is connected to anew, once', async () => {
    // Given
    await using house = await openRtspHouse({ video: busy, loop: true });
    const source = await house.record({ runtime: { frame_timeout_s: 2, frozen_after_s: 3 } });
    await waitUntil('recording', () => source.status().state === 'recording');
    const before = house.camera.totalSessions();
    // When
    house.camera.freeze(true);
    await waitUntil('both streams anew', () => house.camera.totalSessions() >= before + 2, 60_000);
    house.camera.freeze(false);
    // Then
    await waitUntil('recording', () => source.status().state === 'recording');
  });
});

describe.concurrent("a camera with somebody else's server", () => {
  it('is recorded like ours', async () => {
    // Given GStreamer's RTSP server, and only a main stream
    await using gstreamer = await openGstCamera({ video: busy });
    await using house = await openRtspHouse({ video: busy });
    // When
    const recording = { pre_roll_s: 0, stop_delay_s: 2, max_recording_s: 5 };
    await house.record({ rtsp_url: gstreamer.url, detect_rtsp_url: undefined, recording });
    // Then
    const [clip] = await house.sealed(1);
    const { frames } = await lookInto(clip?.path ?? '');
    expect(Math.abs(frames * 100 - (clip?.durationMs ?? 0))).toBeLessThanOrEqual(300);
    expect(frames).toBeGreaterThan(30);
  });
});

describe.concurrent('the disk', () => {
  it('holds no more of a quiet camera than a pre-roll needs', async () => {
    // Given a camera in front of which nothing happens
    const quiet = await media.clip('quiet.mp4', 'color=gray:s=640x360:r=10:d=12,noise=alls=5:allf=t');
    await using house = await openRtspHouse({ video: quiet, loop: true });
    // When it has been watched for longer than any pre-roll
    const source = await house.record();
    await waitUntil('twelve seconds', () => house.camera.sent('main').frames > 120, 60_000);
    // Then
    const files = await listFiles(house.spool.sink().scratchDir);
    expect(files.filter((file) => file.endsWith('.ts')).length).toBeLessThanOrEqual(7);
    await source.stop();
    const left = await listFiles(house.spool.sink().scratchDir);
    expect(left.filter((file) => file.endsWith('.ts') || file.endsWith('.mp4'))).toEqual([]);
    expect(await house.clips()).toEqual([]);
  });
});

/** By name; one may go while they are listed. */
async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}
