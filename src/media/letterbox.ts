/** A canvas that a whole picture is fitted into, with a gray border where it does not reach. */
export interface CanvasShape {
  readonly width: number;
  readonly height: number;
  /**
   * With this the canvas shrinks to the picture, its sides rounded up to a multiple: 16:9 on 416 x 416 by 32 gives 416 x 256.
   */
  readonly shrinkToMultipleOf?: number;
  readonly padding: 'top_left' | 'center';
  /** Gray of the border, 0..255. */
  readonly pad: number;
}

/** Where a picture lies on its canvas. All in whole pixels. */
export interface Letterbox {
  readonly width: number;
  readonly height: number;
  readonly picture: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** The ffmpeg filters that fit a frame of any size and pixel shape into the canvas; `note` sees it before the border. */
export function letterboxFilters(canvas: CanvasShape, note: string): string[] {
  const { width, height, pad } = canvas;
  const gray = `0x${pad.toString(16).padStart(2, '0').repeat(3)}`;
  const [padWidth, padHeight] = (['iw', 'ih'] as const).map((side, index) => {
    const multiple = canvas.shrinkToMultipleOf;
    return multiple === undefined ? String(index === 0 ? width : height) : `ceil(${side}/${multiple})*${multiple}`;
  });
  const place = canvas.padding === 'center' ? ":x='floor((ow-iw)/2)':y='floor((oh-ih)/2)'" : '';
  return [
    // `dar` counts pixels that are not square, which many cameras' sub-streams have.
    `scale=w='max(1,min(${width},round(${height}*dar)))':h='max(1,min(${height},round(${width}/dar)))':flags=bilinear`,
    // Before the padding: in a format with subsampled colour ffmpeg would round the offsets.
    'format=rgb24',
    'setsar=1',
    note,
    `pad=w='${padWidth}':h='${padHeight}'${place}:color=${gray}`,
  ];
}

/** The same in numbers, for a picture that was scaled to `picture`. */
export function letterboxOf(canvas: CanvasShape, picture: { readonly width: number; readonly height: number }): Letterbox {
  const multiple = canvas.shrinkToMultipleOf;
  const fit = (side: number, full: number): number => (multiple === undefined ? full : Math.ceil(side / multiple) * multiple);
  const width = fit(picture.width, canvas.width);
  const height = fit(picture.height, canvas.height);
  const centred = canvas.padding === 'center';
  const x = centred ? Math.floor((width - picture.width) / 2) : 0;
  const y = centred ? Math.floor((height - picture.height) / 2) : 0;
  return { width, height, picture: { x, y, width: picture.width, height: picture.height } };
}
