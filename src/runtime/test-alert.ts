import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClipId } from '../domain/ids.ts';
import { systemClock } from '../kit/clock.ts';
import { createCanvas } from '../media/canvas.ts';
import { GLYPH_HEIGHT, textWidth } from '../media/pixel-font.ts';
import { snapshot } from '../media/snapshot.ts';
import type { OutgoingClipAlert } from '../plugins/spec/notifier.ts';
import type { App } from './app.ts';

const SUMMARY = 'HomeSec can reach you over this channel. Nothing has happened.';

/** An alert like any other, with a picture, that says of itself that it is a test. Each is a new one. */
export async function createTestAlert(app: App): Promise<OutgoingClipAlert> {
  const at = systemClock.now();
  const cameraName = app.cameraNames[0] ?? 'HomeSec';
  const clipId = createClipId(at, cameraName, '0'.repeat(12));
  const picture = await drawPicture(app);
  return {
    dedupeKey: `test-${clipId}`,
    revision: 1,
    clipId,
    cameraName,
    at,
    recordedStartAt: at,
    durationMs: 0,
    notifyReason: 'test',
    detectedClasses: [],
    activityType: 'test',
    summary: SUMMARY,
    ...(picture === undefined ? {} : { snapshot: picture }),
    ...{ unverified: false, uploadFailed: false, vlmFailed: false, delayed: false },
  };
}

const PICTURE = { width: 640, height: 360, words: 'a test picture', scale: 6 };

/** As JPEG; undefined where ffmpeg makes none, which `doctor` knows more of. */
async function drawPicture({ folders, signal }: App): Promise<Uint8Array | undefined> {
  const { width, height, words, scale } = PICTURE;
  const canvas = createCanvas(width, height, scale);
  canvas.paint({ x: 0, y: 0, width, height }, 'recorded');
  canvas.text(words, (width - textWidth(words) * scale) / 2, (height - GLYPH_HEIGHT * scale) / 2);
  await mkdir(folders.temp, { recursive: true });
  const folder = await mkdtemp(join(folders.temp, 'picture-'));
  try {
    const path = join(folder, 'picture.png');
    await writeFile(path, canvas.toPng());
    const taken = await snapshot({ path, atMs: 0, maxSize: width, quality: 85, signal });
    return taken.ok ? taken.value : undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
