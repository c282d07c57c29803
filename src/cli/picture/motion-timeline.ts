import type { MotionSettings } from '../../domain/motion-recording.ts';
import { type Canvas, type Colour, createCanvas, TEXT_SCALE } from '../../media/canvas.ts';
import { GLYPH_HEIGHT, textWidth } from '../../media/pixel-font.ts';
import { motionThreshold } from '../../motion/motion-detector.ts';
import type { RecordedSpan, TrialReading } from '../../motion/motion-trial.ts';

export interface MotionTimeline {
  readonly motion: MotionSettings;
  /** In the order of time, at least one. */
  readonly readings: readonly TrialReading[];
  readonly spans: readonly RecordedSpan[];
}

const WIDTH = 1600;
const PLOT = { left: 76, top: 56, width: 1500, height: 330 };
const BOTTOM = PLOT.top + PLOT.height;
const HEIGHT = BOTTOM + 44;

/** Draws over time how much of the picture changed, against how much had to, and what would have been recorded. */
export function drawMotionTimeline({ motion, readings, spans }: MotionTimeline): Buffer {
  const canvas = createCanvas(WIDTH, HEIGHT);
  const endMs = Math.max(1, readings.at(-1)?.atMs ?? 0);
  const xOf = (atMs: number): number => PLOT.left + Math.round((atMs / endMs) * PLOT.width);
  const mostShare = readings.reduce((most, { share }) => Math.max(most, share), Math.min(1, 2 * motion.minAreaShare));
  const yOf = shareScale(mostShare);
  for (const span of spans) {
    const x = xOf(span.startMs);
    canvas.paint({ x, y: PLOT.top, width: xOf(span.endMs) - x, height: PLOT.height }, 'recorded');
    // One recording may begin where the last one ends.
    canvas.paint({ x, y: PLOT.top - 10, width: 2, height: PLOT.height + 10 }, 'motion');
  }
  drawShares(canvas, yOf, mostShare);
  drawTimes(canvas, xOf, endMs);
  for (const [index, reading] of readings.entries()) {
    const x = xOf(reading.atMs);
    const width = Math.max(1, xOf(readings[index + 1]?.atMs ?? endMs) - x);
    const threshold = yOf(motionThreshold(motion, reading.recording));
    const top = yOf(reading.share);
    canvas.paint({ x, y: top, width, height: BOTTOM - top }, reading.moving ? 'motion' : 'still');
    canvas.paint({ x, y: threshold - 1, width, height: 2 }, 'threshold');
  }
  for (const { atMs, lightChange } of readings)
    if (lightChange) canvas.paint({ x: xOf(atMs) - 1, y: PLOT.top - 10, width: 3, height: PLOT.height + 10 }, 'light');
  canvas.paint({ x: PLOT.left, y: BOTTOM, width: PLOT.width, height: 2 }, 'ink');
  drawLegend(canvas);
  return canvas.toPng();
}

type Scale = (value: number) => number;

/** By square roots: a threshold of one percent and a peak of fifty can both be seen. */
const shareScale =
  (most: number): Scale =>
  (share) =>
    BOTTOM - Math.round(Math.sqrt(share / most) * PLOT.height);

const SHARES = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1];

function drawShares(canvas: Canvas, yOf: Scale, mostShare: number): void {
  let lastY = BOTTOM + GLYPH_HEIGHT * TEXT_SCALE;
  for (const share of SHARES.filter((share) => share <= mostShare)) {
    const y = yOf(share);
    // Labels need room.
    if (lastY - y < 1.5 * GLYPH_HEIGHT * TEXT_SCALE) continue;
    lastY = y;
    canvas.paint({ x: PLOT.left, y, width: PLOT.width, height: 1 }, 'faint');
    writeEndingAt(canvas, `${share * 100}%`, PLOT.left - 10, y - GLYPH_HEIGHT);
  }
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];
const MOST_TICKS = 16;

function drawTimes(canvas: Canvas, xOf: Scale, endMs: number): void {
  const stepMs = 1_000 * (STEPS_S.find((step) => endMs / 1_000 / step <= MOST_TICKS) ?? 7_200);
  for (let atMs = 0; atMs <= endMs; atMs += stepMs) {
    const words = `${Math.floor(atMs / 60_000)}:${String(Math.floor(atMs / 1_000) % 60).padStart(2, '0')}`;
    canvas.paint({ x: xOf(atMs), y: BOTTOM, width: 2, height: 8 }, 'ink');
    writeEndingAt(canvas, words, xOf(atMs) + (textWidth(words) * TEXT_SCALE) / 2, BOTTOM + 16);
  }
}

const LEGEND: readonly (readonly [colour: Colour, words: string])[] = [
  ['recorded', 'recorded'],
  ['motion', 'share of the picture that moves'],
  ['still', 'changed, too little or too short'],
  ['threshold', 'threshold'],
  ['light', 'change of light'],
];

function drawLegend(canvas: Canvas): void {
  let x = PLOT.left;
  for (const [colour, words] of LEGEND) {
    canvas.paint({ x, y: 14, width: 14, height: 14 }, colour);
    canvas.text(words, x + 22, 14);
    x += 22 + textWidth(words) * TEXT_SCALE + 40;
  }
}

const writeEndingAt = (canvas: Canvas, words: string, right: number, y: number): void =>
  canvas.text(words, right - textWidth(words) * TEXT_SCALE, y);
