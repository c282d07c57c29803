import { describe, expect, it } from 'vitest';
import { streamFailure } from '../../../../../src/media/probe-stream.ts';
import { derivedDetectUrl } from '../../../../../src/plugins/sources/rtsp/camera-urls.ts';
import {
  faultOf,
  type LinkState,
  newLink,
  sawBytes,
  sawFragment,
  sawOddStamp,
} from '../../../../../src/plugins/sources/rtsp/link-watch.ts';
import { isFrozen, newPicture, type PictureState, sawPicture } from '../../../../../src/plugins/sources/rtsp/picture-watch.ts';
import { learn, newStreamClock } from '../../../../../src/plugins/sources/rtsp/stream-clock.ts';

describe('the small stream beside a main one', () => {
  it.each([
    ['rtsp://c/cam/realmonitor?channel=1&subtype=0', 'rtsp://c/cam/realmonitor?channel=1&subtype=1'],
    ['rtsp://c:554/stream1', 'rtsp://c:554/stream2'],
    ['rtsp://c/Streaming/Channels/101', 'rtsp://c/Streaming/Channels/102'],
    ['rtsp://c/h264Preview_01_main', 'rtsp://c/h264Preview_01_sub'],
    ['rtsp://c/live', undefined],
    ['rtsp://stream1.lan/live', undefined],
    ['rtsp://c/stream10', undefined],
  ])('of %s is %s', (main, detect) => {
    // Given, When, Then
    expect(derivedDetectUrl(main)).toBe(detect);
  });
});

describe('a connection', () => {
  const faultAt = (state: LinkState, nowMs: number) => faultOf(state, { nowMs, timeoutMs: 5_000, isTimedByArrival: false });
  /** A fragment each second, as the camera's clock has it. */
  function fragments(durationsMs: readonly number[]): LinkState {
    let state = sawBytes(newLink(0), 1, 0);
    for (const [index, durationMs] of durationsMs.entries()) state = sawFragment(state, durationMs, (index + 1) * 1_000);
    return state;
  }

  it('that gives nothing is none, and one that stops giving has stalled', () => {
    // Given
    const silent = newLink(0);
    const stalled = sawBytes(silent, 100, 1_000);
    // When, Then
    expect(faultAt(silent, 14_000)).toBeUndefined();
    expect(faultAt(silent, 16_000)).toBe('no_connection');
    expect(faultAt(stalled, 5_000)).toBeUndefined();
    expect(faultAt(sawBytes(stalled, 100, 6_500), 6_500)).toBe('stalled');
  });

  it('whose fragments last as long as they take has a clock that works', () => {
    // Given fragments of one second, with the burst of two that a camera begins with
    const state = fragments([2_000, 1_000, 1_040, 960, 1_000]);
    // When, Then
    expect(faultAt(state, 5_500)).toBeUndefined();
  });

  it.each([
    ['leaps ahead', [1_000, 3_600_000, 3_600_000, 3_600_000]],
    ['runs backwards', [1_000, -500, -500, -500]],
  ])('whose clock %s is told so, once it is no accident', (_what, durationsMs) => {
    // Given, When, Then
    expect(faultAt(fragments(durationsMs.slice(0, 3)), 3_500)).toBeUndefined();
    expect(faultAt(fragments(durationsMs), 4_500)).toBe('bad_timestamps');
  });

  it('whose clock stands still gives bytes and never a fragment', () => {
    // Given
    let state = newLink(0);
    for (let second = 1; second <= 31; second += 1) state = sawBytes(state, second, second * 1_000);
    // When, Then: unless it is not listened to
    expect(faultAt(state, 31_000)).toBe('bad_timestamps');
    expect(faultOf(state, { nowMs: 31_000, timeoutMs: 5_000, isTimedByArrival: true })).toBeUndefined();
  });

  it('that stamps packet after packet with the same time is found out at once', () => {
    // Given
    let state = sawBytes(newLink(0), 1, 0);
    for (let packet = 1; packet <= 30; packet += 1) state = sawOddStamp(state);
    // When, Then
    expect(faultAt(state, 1_000)).toBe('bad_timestamps');
  });
});

describe("the stream's zero by our clock", () => {
  it('is what the fragment says that was held up least', () => {
    // Given fragments that arrive 300, 50 and 700 ms late
    let clock = learn(newStreamClock, { startMs: 0, endMs: 1_000 }, 101_300);
    clock = learn(clock, { startMs: 1_000, endMs: 2_000 }, 102_050);
    // When
    clock = learn(clock, { startMs: 2_000, endMs: 3_000 }, 103_700);
    // Then
    expect(clock.zeroAtMs).toBe(100_050);
  });

  it('follows a camera whose clock is slow', () => {
    // Given a camera that loses 10 ms each second
    let clock = learn(newStreamClock, { startMs: 0, endMs: 1_000 }, 1_000);
    // When two minutes have passed
    for (let second = 2; second <= 120; second += 1) clock = learn(clock, { startMs: 0, endMs: second * 990 }, second * 1_000);
    // Then what a minute ago has shown is forgotten
    expect(clock.zeroAtMs).toBeGreaterThan(590);
  });
});

describe('a picture', () => {
  const seen = (pictures: readonly (readonly [atMs: number, gray: number])[], from: PictureState = newPicture): PictureState => {
    // One buffer for all, as the reader of the pictures uses it.
    const picture = new Uint8Array(4);
    return pictures.reduce((state, [atMs, gray]) => sawPicture(state, picture.fill(gray), atMs), from);
  };

  it('that stays the same to the last bit is frozen', () => {
    // Given
    const state = seen([
      [0, 1],
      [1_000, 2],
      [2_000, 2],
      [60_000, 2],
    ]);
    // When, Then
    expect(isFrozen(state, 60_000, 60_000)).toBe(false);
    expect(isFrozen(state, 62_000, 60_000)).toBe(true);
    expect(isFrozen(state, 62_000, 0)).toBe(false);
  });

  it('that changes now and then is alive', () => {
    // Given
    const state = seen([
      [0, 1],
      [50_000, 2],
      [100_000, 3],
    ]);
    // When, Then
    expect(isFrozen(state, 101_000, 60_000)).toBe(false);
  });

  it('that is the same after connecting anew is taken for real, until it changes', () => {
    // Given a frozen picture for which the camera was connected anew
    const accepted = { ...seen([[0, 1]]), isAccepted: true };
    // When, Then
    expect(isFrozen(seen([[100_000, 1]], accepted), 200_000, 60_000)).toBe(false);
    expect(isFrozen(seen([[100_000, 7]], accepted), 200_000, 60_000)).toBe(true);
  });
});

describe('what ffmpeg says of a camera', () => {
  it.each([
    ['method DESCRIBE failed: 401 Unauthorized', 'unauthorized'],
    ['method SETUP failed: 453 Not Enough Bandwidth', 'sessions'],
    ['method DESCRIBE failed: 404 Not Found', 'not_found'],
    ['Connection to tcp://192.168.1.2:554?timeout=0 failed: Connection refused', 'refused'],
    ['rtsp://c/x: Connection timed out', 'timeout'],
    ['rtsp://u:p%401@c/Streaming/Channels/401: Connection refused', 'refused'],
    ['[tcp @ 0x564b401cb140] Connection failed: No route to host', 'refused'],
    ['[aac @ 0x55] Too many bits 8832 > 6144 per frame requested, clamping to max\nrtsp://c/x: Connection refused', 'refused'],
    ['rtsp://c/x: Invalid data found when processing input', 'other'],
  ])('%s comes down to %s', (complaint, code) => {
    // Given, When, Then
    expect(streamFailure(complaint).code).toBe(code);
  });

  it('is told without the password', () => {
    // Given, When
    const { message } = streamFailure('[error] rtsp://admin:hunter2@c/x: Invalid data');
    // Then
    expect(message).not.toContain('hunter2');
  });
});
