import { MOTION_FRAME } from '../../src/motion/frame-size.ts';

const { width, height } = MOTION_FRAME;

/** Left, top, width and height in pixels, and the gray it is painted in. */
export interface GrayThing {
  readonly at: readonly [x: number, y: number];
  readonly size: readonly [width: number, height: number];
  readonly gray: number;
}

export interface GrayPicture {
  readonly things?: readonly GrayThing[];
  /** Factor on every pixel. */
  readonly gain?: number;
  /** Levels more on every pixel. */
  readonly lift?: number;
  /** The noise of the sensor: levels up or down, the same for all pixels on average. */
  readonly noise?: number;
  /** A light on part of the picture. */
  readonly beam?: { readonly fromX: number; readonly toX: number; readonly lift: number };
}

/** Draws frames of a yard that looks the same every time: bands of different gray with grain in them. */
export function createGrayScene() {
  const random = createRandom();
  const yard = Uint8Array.from({ length: width * height }, (_, at) => 60 + Math.floor(at / width / 30) * 15 + random() * 20);
  // Of prime length and taken from another place for each frame, so that no pixel sees the same twice in a row.
  const grain = Float32Array.from({ length: 65_537 }, () => random() * 2 - 1);
  let frames = 0;
  return ({ things = [], gain = 1, lift = 0, noise = 3, beam }: GrayPicture = {}): Uint8Array => {
    const lit = Uint8Array.from(yard);
    for (const thing of things) paint(lit, thing);
    frames += 1;
    return lit.map((gray, at) => {
      const x = at % width;
      const more = beam !== undefined && x >= beam.fromX && x < beam.toX ? beam.lift : 0;
      const level = gray * gain + lift + more + (grain[(at + frames * 21_911) % grain.length] ?? 0) * noise;
      return Math.max(0, Math.min(255, level));
    });
  };
}

function paint(picture: Uint8Array, { at: [left, top], size: [across, down], gray }: GrayThing): void {
  for (let y = Math.max(0, top); y < Math.min(height, top + down); y += 1)
    for (let x = Math.max(0, Math.round(left)); x < Math.min(width, Math.round(left) + across); x += 1)
      picture[y * width + x] = gray;
}

/** 0..1, the same numbers in every run (Numerical Recipes' quick generator). */
function createRandom(): () => number {
  let seed = 42;
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
}
