import { setTimeout as delay } from 'node:timers/promises';
import { processesIn } from '../homesec.ts';
import type { TestCamera } from '../rtsp-camera.ts';

export interface Fault {
  readonly name: string;
  readonly isFrozen?: boolean;
  /** Its effect stays: the camera is known from then on to allow one session. At most once for each camera. */
  readonly limitsSessions?: boolean;
  /** Does it, and undoes it. @param random in [0, 1). */
  readonly strike: (camera: TestCamera, random: () => number) => Promise<void>;
}

const between = (fromMs: number, untilMs: number, random: () => number): Promise<void> =>
  delay(fromMs + random() * (untilMs - fromMs));

const stamped = (mode: 'backwards' | 'jump' | 'constant'): Fault => ({
  name: `timestamps ${mode}`,
  strike: async (camera, random) => {
    camera.badTimestamps(mode);
    await between(1_500, 5_000, random);
    camera.badTimestamps('none');
  },
});

const stalled = (which?: 'main' | 'sub'): Fault => ({
  name: `stall ${which ?? 'both'}`,
  strike: async (camera, random) => {
    camera.stall(true, which);
    await between(500, 7_000, random);
    camera.stall(false, which);
  },
});

const killed = (name: string, urlOf: (camera: TestCamera) => string, words: string): Fault => ({
  name,
  strike: async (camera) => {
    for (const pid of await processesIn(urlOf(camera), words)) process.kill(pid, 'SIGKILL');
  },
});

export const FAULTS: readonly Fault[] = [
  { name: 'drop', strike: async (camera) => camera.drop() },
  {
    name: 'reboot',
    strike: async (camera, random) => {
      const awayMs = 300 + random() * 3_000;
      camera.reboot(awayMs);
      await delay(awayMs);
    },
  },
  {
    name: 'refuse',
    strike: async (camera, random) => {
      camera.refuse(true);
      camera.drop();
      await between(500, 4_000, random);
      camera.refuse(false);
    },
  },
  {
    name: 'unauthorized',
    strike: async (camera, random) => {
      camera.unauthorized(true);
      camera.drop();
      await between(500, 3_000, random);
      camera.unauthorized(false);
    },
  },
  stalled(),
  stalled('main'),
  stalled('sub'),
  {
    name: 'freeze',
    isFrozen: true,
    strike: async (camera, random) => {
      camera.freeze(true);
      await between(500, 4_000, random);
      camera.freeze(false);
    },
  },
  killed('kill -9 of the copy', ({ mainUrl }) => mainUrl, 'segment_list'),
  killed('kill -9 of the pictures', ({ subUrl }) => subUrl, 'rawvideo'),
];

/** Those that teach the recorder something about the camera for ever: later ones find it changed. */
export const LASTING_FAULTS: readonly Fault[] = [
  stamped('backwards'),
  stamped('jump'),
  stamped('constant'),
  {
    name: 'one session',
    limitsSessions: true,
    strike: async (camera) => {
      camera.maxSessions(1);
      camera.drop();
      await delay(2_000);
    },
  },
];
