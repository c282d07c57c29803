import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { probeStream, type StreamFailure, streamFailure } from '../../../media/probe-stream.ts';
import { withoutSecondSession } from './camera-profile.ts';
import type { CameraUrls } from './camera-urls.ts';
import { type DetectEnd, type DetectLink, openDetectLink } from './detect-link.ts';
import { type LinkedCamera, pause, remember } from './linked-camera.ts';
import { framesArgs, ioTimeoutMs } from './rtsp-args.ts';

const LOOK_EVERY_MS = 200;
/** How often a detect stream that was given up for the main one is looked at again. */
const RECOVER_EVERY_MS = 30_000;

interface Detecting {
  failures: number;
  /** Motion is looked for in the main stream, for want of the other. */
  isFallback: boolean;
  hwaccel: string;
}

/** Keeps the detect stream delivering pictures, while the main stream is connected and does not deliver them itself. */
export async function keepDetecting(camera: LinkedCamera): Promise<void> {
  const { stopping, config } = camera;
  const detecting: Detecting = { failures: 0, isFallback: false, hwaccel: config.stream.hwaccel };
  while (!stopping.signal.aborted) {
    const urls = wantsPictures(camera);
    if (urls === undefined) {
      await delay(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      continue;
    }
    const end = await detectOnce(camera, detecting, urls);
    if (stopping.signal.aborted) return;
    await learnFrom(camera, detecting, { urls, end });
    if (end.fault !== 'replaced') await pause(camera, detecting.failures);
  }
}

/**
 * Pictures are of use while the main stream is connected, and worth a try beside its first attempt: both then wait for the same
 * key frame. After that the main stream has to come first, since a camera with one session left would give it to whoever asks.
 */
const wantsPictures = ({ connection, mainFailures, profile, urls }: LinkedCamera): CameraUrls | undefined =>
  (connection.state === 'online' || mainFailures <= 1) && profile?.sessions === 'two' ? urls : undefined;

async function detectOnce(camera: LinkedCamera, { isFallback, hwaccel }: Detecting, urls: CameraUrls): Promise<DetectEnd> {
  const { config, eye, pids, stopping } = camera;
  const url = isFallback ? urls.main : (urls.detect ?? urls.main);
  const link = openDetectLink({
    args: framesArgs(url, config, hwaccel),
    pidFile: join(pids, 'detect.pid'),
    eye,
    timeoutMs: config.runtime.frame_timeout_s * 1000,
  });
  const end = new AbortController();
  const onStop = (): void => link.replace();
  stopping.signal.addEventListener('abort', onStop, { once: true });
  // The main stream may have taken the pictures over, or be gone: then they are of no use.
  const timer = setInterval(() => wantsPictures(camera) ?? link.replace(), LOOK_EVERY_MS);
  if (isFallback) void recover(camera, link, end.signal);
  try {
    return await link.ended;
  } finally {
    clearInterval(timer);
    end.abort();
    stopping.signal.removeEventListener('abort', onStop);
  }
}

/** Ends the fallback when the detect stream is there again. */
async function recover({ config, urls }: LinkedCamera, link: DetectLink, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && urls?.detect !== undefined) {
    await delay(RECOVER_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const found = await probeStream({ url: urls.detect, timeoutMs: ioTimeoutMs(config), signal }).catch(() => undefined);
    if (found?.ok === true) return link.replace();
  }
}

interface Ended {
  readonly urls: CameraUrls;
  readonly end: DetectEnd;
}

async function learnFrom(camera: LinkedCamera, detecting: Detecting, { urls, end }: Ended): Promise<void> {
  const { config, passingNotes } = camera;
  if (end.fault === 'replaced') {
    detecting.isFallback = false;
    passingNotes.delete('detect');
    return;
  }
  // What fails while the camera is away says nothing about the stream.
  if (end.pictures === 0 && camera.connection.state !== 'online') return;
  // A picture that stands still in the small stream stands still in the big one: it is the camera that hangs.
  if (end.fault === 'frozen') camera.main?.replace();
  detecting.failures = end.pictures > 0 ? 1 : detecting.failures + 1;
  if (end.pictures > 0) return;
  const failure =
    end.fault === undefined ? streamFailure(end.exit.complaint) : ({ code: 'timeout', message: 'no picture comes' } as const);
  if (detecting.hwaccel !== 'none' && failure.code === 'other') {
    passingNotes.set('hwaccel', `${detecting.hwaccel} does not decode this stream: the processor does`);
    detecting.hwaccel = 'none';
    return;
  }
  if (failure.code === 'sessions') {
    if (config.stream.sessions === 'auto') return useOneSession(camera, 'the camera allows no second one', detecting.isFallback);
    passingNotes.set('detect', 'no motion is seen: the camera allows no second connection, which stream.sessions insists on');
  } else if (detecting.failures >= config.reconnect.detect_fallback_attempts) {
    await fallBack(camera, detecting, { urls, failure });
  }
}

async function fallBack(
  camera: LinkedCamera,
  detecting: Detecting,
  { urls, failure }: { readonly urls: CameraUrls; readonly failure: StreamFailure },
): Promise<void> {
  const { config, passingNotes, context } = camera;
  if (detecting.isFallback || urls.detect === undefined) return;
  if (urls.isDerived && config.stream.sessions === 'auto')
    return useOneSession(camera, `there is no small stream beside it (${failure.message})`, false);
  detecting.isFallback = true;
  detecting.failures = 0;
  passingNotes.set('detect', `the detect stream is lost (${failure.message}): motion is looked for in the main stream meanwhile`);
  context.logger.warn(
    { camera_name: context.cameraName, error: failure.message },
    'the detect stream is lost; looking at the main stream',
  );
}

async function useOneSession(camera: LinkedCamera, why: string, isPassing: boolean): Promise<void> {
  if (camera.profile === undefined || camera.profile.sessions === 'one') return;
  await remember(camera, withoutSecondSession(camera.profile, why), isPassing);
  camera.main?.replace();
}
