import { FRAME_LOG_FILTER } from './frame-log.ts';
import { type Decoding, decodeRaw, type SamplingRequest } from './raw-decoding.ts';

export interface GrayFramesRequest extends SamplingRequest {
  /** Pixels; the picture is stretched to fit. */
  readonly width: number;
  readonly height: number;
}

/** One picture, one byte per pixel, row by row, 0 (black) to 255. */
export interface GrayFrame {
  readonly data: Uint8Array;
  /** Media time: 0 is where the video begins. */
  readonly atMs: number;
}

/**
 * Decodes a video into small gray frames. To be iterated exactly once.
 * @throws the signal's reason, from the loop, when aborted.
 */
export function decodeGrayFrames({ width, height, ...request }: GrayFramesRequest): Decoding<GrayFrame> {
  const filters = [`scale=${width}:${height}:flags=area`, 'format=gray', FRAME_LOG_FILTER];
  const shape = { filters, pixelFormat: 'gray', sizeBytesOf: () => width * height } as const;
  return decodeRaw(request, shape, ({ data, note }) => ({ data, atMs: note.atMs }));
}
