import { randomUUID } from 'node:crypto';
import { createMotionDetector, type MotionDetector } from '../../../motion/motion-detector.ts';
import type { RtspConfig } from './config.ts';
import { motionSettingsOf } from './motion-config.ts';
import { isFrozen, newPicture, sawPicture } from './picture-watch.ts';
import type { RecordingDesk } from './recording-desk.ts';
import { FRAME_SIZE } from './rtsp-args.ts';

/** Looks for motion in the pictures of whichever stream delivers them. */
export interface MotionEye {
  readonly look: (picture: Uint8Array) => void;
  /** Another stream delivers from now on: what was learned of the old picture does not hold. */
  reset(): void;
  /** Milliseconds since the last picture; since the last reset while there was none. */
  blindForMs(): number;
  /** The picture stands still as no sensor's does. Told once for each picture: then it is taken for real. */
  takeFrozen(): boolean;
}

/** While it cannot see, an event that is being recorded is taken to go on, for so long. */
const BLIND_FAITH_MS = 30_000;
const FAITH_EVERY_MS = 500;

export function createMotionEye(config: RtspConfig, desk: RecordingDesk): MotionEye & Disposable {
  const open = (): MotionDetector => createMotionDetector(motionSettingsOf(config.motion), FRAME_SIZE);
  const sawMotion = (atMs: number): void => desk.take({ type: 'motion', atMs, newEventId: randomUUID() });
  const timeoutMs = config.runtime.frame_timeout_s * 1000;
  let detector = open();
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
      if (detector.look(bytes, { atMs, recording: desk.isRecording() }).moving) sawMotion(atMs);
    },
    reset() {
      detector = open();
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
