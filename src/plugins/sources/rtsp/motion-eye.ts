import { randomUUID } from 'node:crypto';
import { MOTION_FRAME } from '../../../motion/frame-size.ts';
import { createMotionDetector, type MotionDetector } from '../../../motion/motion-detector.ts';
import type { PluginContext } from '../../spec/plugin.ts';
import type { RtspConfig } from './config.ts';
import { motionSettingsOf } from './motion-config.ts';
import { isFrozen, newPicture, sawPicture } from './picture-watch.ts';
import type { RecordingDesk } from './recording-desk.ts';

/** Looks for motion in the pictures of whichever stream delivers them. */
export interface MotionEye {
  readonly look: (picture: Uint8Array) => void;
  /** A new connection delivers from now on. */
  reset(): void;
  /** Milliseconds since the last picture; since the last reset while there was none. */
  blindForMs(): number;
  /** The picture stands still as no sensor's does. Told once for each picture: then it is taken for real. */
  takeFrozen(): boolean;
}

/** While it cannot see, an event that is being recorded is taken to go on, for so long. */
const BLIND_FAITH_MS = 30_000;
const FAITH_EVERY_MS = 500;
/** So long it is worth keeping: the sun goes on. */
export const FRESH_MS = 600_000;

export interface MotionEyeDeps {
  readonly config: RtspConfig;
  readonly context: Pick<PluginContext, 'cameraName' | 'logger'>;
  readonly desk: RecordingDesk;
  /** What an earlier process knew of the picture, when that is not long ago. */
  readonly memory?: Uint8Array;
  /** An event has begun: this is what is known of the picture without it. */
  readonly onEvent: (memory: Uint8Array) => void;
}

export function createMotionEye({ config, context, desk, memory, onEvent }: MotionEyeDeps): MotionEye & Disposable {
  const open = (known?: Uint8Array): MotionDetector => createMotionDetector(motionSettingsOf(config.motion), MOTION_FRAME, known);
  const sawMotion = (atMs: number): void => desk.take({ type: 'motion', atMs, newEventId: randomUUID() });
  const timeoutMs = config.runtime.frame_timeout_s * 1000;
  let detector = open(memory);
  /** When what the detector knows was last seen to hold, however often connecting has failed since. */
  let seenAtMs = memory === undefined ? Number.NEGATIVE_INFINITY : Date.now();
  let isFirst = true;
  let picture = newPicture;
  let lastAtMs = Date.now();
  const blindForMs = (): number => Date.now() - lastAtMs;
  const timer = setInterval(() => {
    const blindMs = blindForMs();
    if (desk.isRecording() && blindMs > FAITH_EVERY_MS && blindMs < timeoutMs + BLIND_FAITH_MS) sawMotion(Date.now());
  }, FAITH_EVERY_MS);
  return {
    look(bytes) {
      const atMs = Date.now();
      lastAtMs = atMs;
      picture = sawPicture(picture, bytes, atMs);
      if (isFirst) context.logger.debug({ camera_name: context.cameraName }, 'looking for motion');
      isFirst = false;
      seenAtMs = atMs;
      const wasRecording = desk.isRecording();
      if (!detector.look(bytes, { atMs, recording: wasRecording }).moving) return;
      sawMotion(atMs);
      if (!wasRecording && desk.isRecording()) onEvent(detector.memory());
    },
    reset() {
      // Whoever stands in the picture at this moment is no part of it.
      detector = open(Date.now() - seenAtMs < FRESH_MS ? detector.memory() : undefined);
      isFirst = true;
      lastAtMs = Date.now();
    },
    blindForMs,
    takeFrozen() {
      const frozen = isFrozen(picture, Date.now(), config.runtime.frozen_after_s * 1000);
      if (frozen) picture = { ...picture, isAccepted: true };
      return frozen;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
