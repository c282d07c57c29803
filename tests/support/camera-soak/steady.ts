import { setTimeout as delay } from 'node:timers/promises';
import type { TestCamera } from '../rtsp-camera.ts';

const STEADY_MS = 3_000;
const LOOK_EVERY_MS = 100;
const LIMIT_MS = 90_000;

/**
 * Waits until a camera has had so many clients without a change for three seconds, and sends to them.
 * @returns since when; undefined when it does not come to that.
 */
export async function untilSteady(camera: TestCamera, sessions: number): Promise<number | undefined> {
  const deadline = Date.now() + LIMIT_MS;
  let sinceMs = Date.now();
  let before = { total: camera.totalSessions(), frames: camera.sent('main').frames };
  while (Date.now() < deadline) {
    await delay(LOOK_EVERY_MS);
    const total = camera.totalSessions();
    const frames = camera.sent('main').frames;
    if (total !== before.total || camera.sessions() !== sessions) [sinceMs, before] = [Date.now(), { total, frames }];
    else if (Date.now() - sinceMs >= STEADY_MS && frames > before.frames) return sinceMs;
  }
  return undefined;
}
