import { FRAME_LOG_FILTER } from './frame-log.ts';
import { type CanvasShape, type Letterbox, letterboxFilters, letterboxOf } from './letterbox.ts';
import { type Decoding, decodeRaw, type SamplingRequest } from './raw-decoding.ts';

export interface FramesRequest extends SamplingRequest {
  readonly canvas: CanvasShape;
}

/** One picture, 3 bytes per pixel (red, green, blue), row by row, letterboxed. */
export interface RawFrame {
  readonly rgb: Buffer;
  /** Media time: 0 is where the video begins. */
  readonly atMs: number;
  readonly letterbox: Letterbox;
}

/**
 * Decodes a video for a detector. To be iterated exactly once.
 * @throws the signal's reason, from the loop, when aborted.
 */
export function decodeFrames({ canvas, ...request }: FramesRequest): Decoding<RawFrame> {
  const sizeBytesOf = (picture: { width: number; height: number }): number => {
    const { width, height } = letterboxOf(canvas, picture);
    return width * height * 3;
  };
  const shape = { filters: letterboxFilters(canvas, FRAME_LOG_FILTER), pixelFormat: 'rgb24', sizeBytesOf } as const;
  return decodeRaw(request, shape, ({ data, note }) => ({ rgb: data, atMs: note.atMs, letterbox: letterboxOf(canvas, note) }));
}
