/** How a JPEG is to look. */
export interface JpegLook {
  /** Pixels of the longer side; smaller pictures stay as they are. */
  readonly maxSize: number;
  /** 1 (worst) to 100. */
  readonly quality: number;
}

/** ffmpeg filters that scale into a square of `maxSize`, with square pixels and even sides. */
export function jpegFilters(maxSize: number): string[] {
  const width = `min(${maxSize},min(iw*sar,${maxSize}*dar))`;
  const height = `min(${maxSize},min(ih,${maxSize}/dar))`;
  return [
    `scale=w='max(2,trunc((${width})/2)*2)':h='max(2,trunc((${height})/2)*2)':flags=bicubic`,
    'setsar=1',
    'format=yuvj420p',
  ];
}

/** ffmpeg's scale for mjpeg, 2 (best) to 31, from the usual 1 to 100. */
export const jpegQuantizer = (quality: number): number => Math.round(31 - ((Math.min(100, Math.max(1, quality)) - 1) / 99) * 29);

const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);

/** Cuts a stream of JPEGs at their end markers, which entropy-coded data never contains (ITU-T T.81, B.1.1.5). */
export function splitJpegs(stream: Buffer): Buffer[] {
  const jpegs: Buffer[] = [];
  let start = 0;
  for (let end = stream.indexOf(END_OF_IMAGE); end >= 0; end = stream.indexOf(END_OF_IMAGE, start)) {
    jpegs.push(stream.subarray(start, end + 2));
    start = end + 2;
  }
  return jpegs;
}
