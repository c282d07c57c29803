import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rtspConfigSchema } from '../../../../../src/plugins/sources/rtsp/config.ts';
import { createFragmentFiles } from '../../../../../src/plugins/sources/rtsp/fragment-files.ts';
import { createMotionEye } from '../../../../../src/plugins/sources/rtsp/motion-eye.ts';
import { openPartJournal } from '../../../../../src/plugins/sources/rtsp/part-journal.ts';
import { openPartSealer } from '../../../../../src/plugins/sources/rtsp/part-sealer.ts';
import { createRecordingDesk, type RecordingDesk } from '../../../../../src/plugins/sources/rtsp/recording-desk.ts';
import { createGrayScene, type GrayPicture } from '../../../../support/gray-scene.ts';
import { createTestContext } from '../../../../support/plugin-context.ts';

const config = rtspConfigSchema.parse({ rtsp_url: 'rtsp://camera/main' });
const cameraName = 'Front Door';
const context = createTestContext({ cameraName });
const ARRIVED: GrayPicture = { things: [{ at: [120, 60], size: [80, 60], gray: 200 }] };

let folder: string;
let desk: RecordingDesk;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homesec-eye-'));
  const files = createFragmentFiles(folder);
  const journal = await openPartJournal(folder);
  const seal = () => Promise.reject(new Error('nothing is sealed here'));
  const { logger, signal } = context;
  const sealer = await openPartSealer({ cameraName, folder, sink: { seal }, files, journal, logger, signal });
  const settings = { preRollMs: 0, stopDelayMs: 10_000, maxRecordingMs: 60_000, resumeWithinMs: 60_000 };
  desk = createRecordingDesk({ cameraName, settings, files, journal, sealer, logger });
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await desk.settled();
  await rm(folder, { recursive: true });
});

/** Somebody or something arrives while the camera is away for so long, with an attempt to connect each minute. */
function isMotionAfter(minutesAway: number): boolean {
  using eye = createMotionEye({ config, context, desk, onEvent: () => undefined });
  const draw = createGrayScene();
  const watch = (picture: GrayPicture, seconds: number): void => {
    for (let frame = 0; frame < seconds * 5; frame += 1) {
      eye.look(draw(picture));
      vi.advanceTimersByTime(200);
    }
  };
  desk.take({ type: 'ingest_started', ingestId: '1', atMs: Date.now() });
  eye.reset();
  watch({}, 5);
  for (let minute = 0; minute < minutesAway; minute += 1) {
    eye.reset();
    vi.advanceTimersByTime(60_000);
  }
  eye.reset();
  watch(ARRIVED, 3);
  return desk.isRecording();
}

describe('what has come while a camera was away', () => {
  it('for a moment is motion: who stands there is no part of the picture', () => {
    // Given, When, Then
    expect(isMotionAfter(2)).toBe(true);
  });

  it('for a night is none, however often connecting was tried: the sun has gone on, and what was known does not hold', () => {
    // Given, When, Then
    expect(isMotionAfter(8 * 60)).toBe(false);
  });
});
