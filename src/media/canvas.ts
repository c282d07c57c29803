import { textPixels } from './pixel-font.ts';
import { encodePng } from './png.ts';

const COLOURS = {
  paper: [255, 255, 255],
  ink: [40, 44, 52],
  faint: [226, 229, 234],
  recorded: [205, 226, 250],
  still: [160, 167, 178],
  motion: [24, 101, 192],
  threshold: [214, 48, 49],
  light: [232, 153, 0],
} as const;
export type Colour = keyof typeof COLOURS;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Text is so many times as large as the font, where nobody asks for another size. */
export const TEXT_SCALE = 2;

export interface Canvas {
  paint(box: Box, colour: Colour): void;
  /** From its top left corner. */
  text(text: string, x: number, y: number): void;
  toPng(): Buffer;
}

/** An empty picture. What is drawn outside of it is lost. */
export function createCanvas(width: number, height: number, textScale = TEXT_SCALE): Canvas {
  const names = Object.keys(COLOURS);
  const pixels = new Uint8Array(width * height);
  const paint = (box: Box, colour: Colour): void => {
    const [left, right] = [Math.max(0, Math.round(box.x)), Math.min(width, Math.round(box.x + box.width))];
    const [top, bottom] = [Math.max(0, Math.round(box.y)), Math.min(height, Math.round(box.y + box.height))];
    for (let y = top; y < bottom; y += 1) pixels.fill(names.indexOf(colour), y * width + left, y * width + Math.max(left, right));
  };
  const text = (words: string, left: number, top: number): void => {
    for (const [x, y] of textPixels(words))
      paint({ x: left + x * textScale, y: top + y * textScale, width: textScale, height: textScale }, 'ink');
  };
  return { paint, text, toPng: () => encodePng({ width, height, pixels, palette: Object.values(COLOURS) }) };
}
