import { describe, expect, it } from 'vitest';
import type { MotionSettings, Polygon } from '../../../src/domain/motion-recording.ts';
import { MOTION_FRAME } from '../../../src/motion/frame-size.ts';
import { createMotionDetector, type MotionReading } from '../../../src/motion/motion-detector.ts';
import { DEFAULT_MOTION } from '../../../src/motion/sensitivity.ts';
import { createGrayScene, type GrayPicture, type GrayThing } from '../../support/gray-scene.ts';

const FRAME_MS = 200;

interface Watching {
  readonly settings?: Partial<MotionSettings>;
  readonly recording?: boolean;
  /** From this second on another detector looks, which is given what the first one knew. */
  readonly handedOverAt?: number;
}

/** What a camera makes of a scene at five frames per second; undefined: none comes. */
function watch(
  seconds: number,
  sceneAt: (second: number) => GrayPicture | undefined,
  { settings, recording = false, handedOverAt }: Watching = {},
) {
  const open = (memory?: Uint8Array) => createMotionDetector({ ...DEFAULT_MOTION, ...settings }, MOTION_FRAME, memory);
  let detector = open();
  const draw = createGrayScene();
  const readings: (MotionReading & { readonly second: number })[] = [];
  for (let atMs = 0; atMs < seconds * 1000; atMs += FRAME_MS) {
    const second = atMs / 1000;
    if (second === handedOverAt) detector = open(detector.memory());
    const picture = sceneAt(second);
    if (picture !== undefined) readings.push({ ...detector.look(draw(picture), { atMs, recording }), second });
  }
  return readings;
}
const movingSeconds = (readings: ReturnType<typeof watch>): number[] =>
  readings.filter(({ moving }) => moving).map(({ second }) => second);
const lightSeconds = (readings: ReturnType<typeof watch>): number[] =>
  readings.filter(({ lightChange }) => lightChange).map(({ second }) => second);

const person = (x: number, y = 60): GrayThing => ({ at: [x, y], size: [20, 60], gray: 200 });
const rectangle = (left: number, top: number, right: number, bottom: number): Polygon => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];

describe('motion', () => {
  it('is somebody who walks through, from the minimum duration on and until they have gone', () => {
    // Given somebody who is in the picture from second 5 to 9
    // When
    const moving = movingSeconds(watch(14, (t) => (t >= 5 && t < 9 ? { things: [person((t - 5) * 60)] } : {})));
    // Then
    expect(moving[0]).toBe(5.4);
    expect(moving.at(-1)).toBe(8.8);
    expect(moving).toHaveLength(18);
  });

  it('is somebody who creeps, two pixels a second', () => {
    // Given
    // When
    const moving = movingSeconds(watch(25, (t) => (t >= 5 ? { things: [person((t - 5) * 2)] } : {})));
    // Then
    expect(moving[0]).toBe(5.4);
    expect(moving).toHaveLength(98);
  });

  it('is not what is there in the first frames, nor its leaving before anybody knows the place', () => {
    // Given
    // When
    const readings = watch(6, (t) => (t < 0.6 ? { things: [person(100)] } : {}));
    // Then
    expect(movingSeconds(readings)).toEqual([]);
  });

  it.each([
    ['of a good sensor', 3],
    ['of the night', 16],
  ])('is not the noise %s', (_words, noise) => {
    // Given
    // When
    const readings = watch(20, () => ({ noise }));
    // Then
    expect(movingSeconds(readings)).toEqual([]);
    expect(lightSeconds(readings)).toEqual([]);
  });

  it('is seen through the noise of the night', () => {
    // Given
    // When
    const moving = movingSeconds(watch(9, (t) => ({ noise: 16, things: t >= 5 ? [person((t - 5) * 60)] : [] })));
    // Then
    expect(moving[0]).toBe(5.4);
  });

  it('is not a flash of one frame, as insects and broken packets make them', () => {
    // Given
    // When
    const readings = watch(10, (t) => (t === 5 || t === 7 ? { things: [{ at: [80, 40], size: [120, 60], gray: 250 }] } : {}));
    // Then
    expect(movingSeconds(readings)).toEqual([]);
  });

  it('takes less while recording than to begin with', () => {
    // Given a thing of half a percent of the picture
    const cat = (t: number): GrayPicture => (t >= 5 ? { things: [{ at: [(t - 5) * 10, 104], size: [16, 16], gray: 220 }] } : {});
    // When
    const [idle, recording] = [watch(10, cat), watch(10, cat, { recording: true })];
    // Then
    expect(movingSeconds(idle)).toEqual([]);
    expect(movingSeconds(recording)).toHaveLength(23);
  });
});

describe('what stays', () => {
  it('is seen the same by a detector that goes on from what another one knew', () => {
    // Given a car that parks for a minute, somebody who is there when the detectors change, and both leaving
    const sceneAt = (t: number): GrayPicture => ({
      things: [
        ...(t >= 5 && t < 65 ? [{ at: [200, 80], size: [60, 40], gray: 40 } as GrayThing] : []),
        ...(t >= 50 && t < 62 ? [person((t - 50) * 10)] : []),
      ],
    });
    // When
    const [alone, inTurns] = [watch(90, sceneAt), watch(90, sceneAt, { handedOverAt: 56 })];
    // Then: neither who stands there nor what the car uncovers is a surprise
    expect(movingSeconds(inTurns).filter((second) => second > 56.4)).toEqual(
      movingSeconds(alone).filter((second) => second > 56.4),
    );
    expect(movingSeconds(inTurns).at(-1)).toBeLessThan(66);
  });

  it('leaves no ghost behind when it goes after a while', () => {
    // Given somebody who stands still for 20 seconds
    // When
    const moving = movingSeconds(watch(40, (t) => (t >= 5 && t < 25 ? { things: [person(150)] } : {})));
    // Then
    expect(moving.at(-1)).toBe(24.8);
  });

  it('is background after half a minute, and the ground that it leaves is known', () => {
    // Given a car that parks for a minute, in front of which somebody stops for four seconds
    const car: GrayThing = { at: [100, 80], size: [90, 50], gray: 30 };
    const scene = (t: number): GrayPicture => {
      const walker: GrayThing[] = t >= 50 && t < 54 ? [{ at: [130, 85], size: [30, 40], gray: 200 }] : [];
      return { things: t >= 5 && t < 65 ? [car, ...walker] : [] };
    };
    // When
    const moving = movingSeconds(watch(80, scene));
    // Then
    expect(moving.filter((second) => second < 40).at(-1)).toBeCloseTo(35, 0);
    expect(moving.filter((second) => second >= 40 && second < 60)).toHaveLength(18);
    expect(moving.filter((second) => second >= 60)).toEqual([]);
  });

  it('may wave: a branch is background though it comes and goes', () => {
    // Given a branch that is in one place for 0.6 s and out of it for 0.6 s, and later somebody
    const branch: GrayThing = { at: [200, 20], size: [60, 40], gray: 20 };
    const scene = (t: number): GrayPicture => ({
      things: [...(t % 1.2 < 0.6 ? [branch] : []), ...(t >= 100 ? [person((t - 100) * 20)] : [])],
    });
    // When
    const moving = movingSeconds(watch(105, scene));
    // Then
    expect(moving.filter((second) => second > 80)[0]).toBe(100.4);
  });

  it('makes room: a car before a branch that has waved for long is background within the time of any two things', () => {
    // Given
    const place = { at: [200, 20], size: [60, 40] } as const;
    const branchOrCar = (t: number): GrayPicture => {
      if (t >= 240) return { things: [{ ...place, gray: 200 }] };
      return { things: t % 1.2 < 0.6 ? [{ ...place, gray: 20 }] : [] };
    };
    // When
    const moving = movingSeconds(watch(350, branchOrCar));
    // Then
    expect(moving.at(-1)).toBeGreaterThan(265);
    expect(moving.at(-1)).toBeLessThan(340);
  });
});

describe('a change of light', () => {
  it.each([
    ['a lamp is switched on', { lift: 60 }],
    ['the exposure doubles', { gain: 2 }],
    ['it gets dark', { gain: 0.3 }],
    ['the camera turns to infrared', { gain: -0.9, lift: 220 }],
  ])('is no motion when %s', (_words, change) => {
    // Given
    // When
    const readings = watch(20, (t) => (t >= 5 ? change : {}));
    // Then it is told once
    expect(movingSeconds(readings)).toEqual([]);
    expect(lightSeconds(readings)).toEqual([5]);
  });

  it('is no motion when exposure takes its time', () => {
    // Given a lamp at second 5, which the camera makes up for within 2 seconds
    // When
    const readings = watch(20, (t) => ({ gain: t < 5 ? 1 : Math.max(1.1, 2 - (t - 5) * 0.45) }));
    // Then
    expect(movingSeconds(readings)).toEqual([]);
  });

  it('is no motion when clouds pass', () => {
    // Given light that goes up and down by half within ten seconds, and a sky that cannot be whiter
    const sky: GrayThing = { at: [0, 0], size: [320, 40], gray: 250 };
    // When
    const readings = watch(60, (t) => ({ gain: 1.25 + 0.25 * Math.sin((t / 10) * 2 * Math.PI), things: [sky] }));
    // Then
    expect(movingSeconds(readings)).toEqual([]);
    expect(lightSeconds(readings)).toEqual([]);
  });

  it('is no motion when the sun wanders over a part of the yard', () => {
    // Given a third of the picture that gets brighter by a level per second
    // When
    const readings = watch(60, (t) => ({ beam: { fromX: 0, toX: 110, lift: t } }));
    // Then
    expect(movingSeconds(readings)).toEqual([]);
    expect(lightSeconds(readings)).toEqual([]);
  });

  it('is none in the dark, where a level more is a large part of the gray', () => {
    // Given a night of three to six levels
    // When
    const readings = watch(20, (t) => ({ gain: 0.03, noise: 0, lift: t % 2 < 1 ? 0 : 1 }));
    // Then
    expect(movingSeconds(readings)).toEqual([]);
    expect(lightSeconds(readings)).toEqual([]);
  });

  it('is no motion when headlights sweep over the yard', () => {
    // Given a beam that comes in from the left, fills most of the picture and leaves to the right, in 2 seconds
    const beamAt = (t: number): GrayPicture =>
      t >= 5 && t < 7 ? { beam: { fromX: (t - 5.8) * 400, toX: (t - 4.8) * 400, lift: 70 } } : {};
    // When
    const readings = watch(20, beamAt);
    // Then
    expect(movingSeconds(readings)).toEqual([]);
    expect(lightSeconds(readings).length).toBeGreaterThan(0);
  });

  it('hides nobody for longer than a second', () => {
    // Given somebody who switches the light on as they come in
    // When
    const moving = movingSeconds(watch(10, (t) => (t >= 5 ? { lift: 60, things: [{ ...person((t - 5) * 40), gray: 20 }] } : {})));
    // Then
    expect(moving[0]).toBeLessThanOrEqual(6.4);
  });
});

describe('areas', () => {
  const walkThrough = (y: number) => (t: number) => (t >= 5 ? { things: [person((t - 5) * 60, y)] } : {});

  it('that are masked are never looked at', () => {
    // Given somebody in the upper half, which is masked
    const settings = { masks: [rectangle(0, 0, 1, 0.5)] };
    // When
    const [above, below] = [watch(9, walkThrough(20), { settings }), watch(9, walkThrough(110), { settings })];
    // Then
    expect(movingSeconds(above)).toEqual([]);
    expect(movingSeconds(below)[0]).toBe(5.4);
  });

  it('of interest are all that is looked at, and shares are shares of them', () => {
    // Given a zone in the lower right, with a mask in it
    const zone = rectangle(0.5, 0.5, 1, 1);
    const settings = { zones: [zone], masks: [rectangle(0.75, 0.5, 1, 1)] };
    // When somebody walks through the zone from left to right, or above it
    const [above, through] = [watch(12, walkThrough(20), { settings }), watch(12, walkThrough(110), { settings })];
    // Then it is motion from the edge of the zone to the mask
    expect(movingSeconds(above)).toEqual([]);
    const [first = 0, last = 0] = [movingSeconds(through)[0], movingSeconds(through).at(-1)];
    expect(first).toBeGreaterThan(5 + 140 / 60);
    expect(last).toBeLessThan(5 + 245 / 60);
    expect(Math.max(...through.map(({ share }) => share))).toBeGreaterThan(0.1);
  });

  it('may have any shape, seen as the corners go round', () => {
    // Given a U that is open above, and somebody inside of it or on its left leg
    const u: Polygon = [
      [0, 0],
      [0.3, 0],
      [0.3, 0.8],
      [0.7, 0.8],
      [0.7, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    const nods = (x: number) => (t: number) => (t >= 5 ? { things: [person(x + (t % 1) * 10, 40)] } : {});
    // When
    const [inside, onLeg] = [150, 40].map((x) => movingSeconds(watch(8, nods(x), { settings: { zones: [u] } })));
    // Then
    expect(inside).toEqual([]);
    expect(onLeg?.[0]).toBe(5.4);
  });

  it('that leave nothing to look at make it blind', () => {
    // Given
    const settings = { masks: [rectangle(0, 0, 1, 1)] };
    // When
    const readings = watch(9, walkThrough(60), { settings });
    // Then
    expect(readings.every(({ moving, share }) => !moving && share === 0)).toBe(true);
  });
});

describe('a break', () => {
  it('of ten seconds begins anew: what has changed meanwhile is no motion', () => {
    // Given a camera that is away while a car comes
    const car: GrayThing = { at: [100, 80], size: [90, 50], gray: 30 };
    const scene = (t: number) => (t < 5 ? {} : t < 15 ? undefined : { things: [car] });
    // When
    const readings = watch(20, scene);
    // Then
    expect(movingSeconds(readings)).toEqual([]);
    expect(lightSeconds(readings)).toEqual([]);
  });

  it('makes unknown what was known before it', () => {
    // Given a branch that has become background, and in another light something in its place, as dark as the yard was
    const inPlace = (gray: number): GrayThing => ({ at: [200, 20], size: [60, 40], gray });
    const scene = (t: number) => {
      if (t < 95) return { things: t % 1.2 < 0.6 ? [inPlace(20)] : [] };
      return t < 105 ? undefined : { gain: 2, things: t >= 110 ? [inPlace(38)] : [] };
    };
    // When
    const moving = movingSeconds(watch(115, scene));
    // Then
    expect(moving.filter((second) => second > 80)[0]).toBe(110.4);
  });

  it('is made by a clock that was set back', () => {
    // Given a place that is known
    const detector = createMotionDetector(DEFAULT_MOTION, MOTION_FRAME);
    const draw = createGrayScene();
    for (let atMs = 0; atMs <= 5_000; atMs += FRAME_MS) detector.look(draw(), { atMs, recording: false });
    // When frames go on at second 1, with somebody in them
    const readings = Array.from({ length: 20 }, (_, frame) =>
      detector.look(draw({ things: [person(100)] }), { atMs: 1_000 + frame * FRAME_MS, recording: false }),
    );
    // Then
    expect(readings.some(({ moving, lightChange }) => moving || lightChange)).toBe(false);
  });
});
