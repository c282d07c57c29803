import type { Detection } from '../domain/detection.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { type PluginFailure, pluginFailure } from '../domain/stage-error.ts';
import { createCanvas } from './canvas.ts';
import { type JpegLook, jpegFilters, jpegQuantizer } from './jpeg.ts';
import { runMedia } from './media-process.ts';
import { GLYPH_HEIGHT, textWidth } from './pixel-font.ts';

export interface DetectionPictureRequest extends JpegLook {
  readonly path: string;
  readonly detection: Detection;
  readonly signal: AbortSignal;
}

const COLOUR = '0xe89900';
/** Pixels of a dot of the words, and of the box: to be read on a telephone, where an alert's picture is a third as large. */
const scaleFor = (maxSize: number): number => Math.max(2, Math.round(maxSize / 320));
const TIMEOUT_MS = 60_000;

/**
 * The frame of a detection as a JPEG, with its box and what it is drawn in.
 * @returns CLIP_UNREADABLE when there is no such frame.
 * @throws the signal's reason when aborted.
 */
export async function drawDetection(request: DetectionPictureRequest): Promise<Result<Buffer, PluginFailure>> {
  const { path, detection, signal } = request;
  signal.throwIfAborted();
  const run = await runMedia({ tool: 'ffmpeg', args: drawArgs(request), signal, timeoutMs: TIMEOUT_MS });
  signal.throwIfAborted();
  if (run.startError !== undefined) return err(pluginFailure('UNEXPECTED', 'ffmpeg cannot be started', run.startError));
  if (run.code === 0 && run.output.length > 0) return ok(run.output);
  const why = run.complaint.split('\n').at(-1) ?? '';
  return err(pluginFailure('CLIP_UNREADABLE', `ffmpeg got no picture of ${detection.atMs} ms out of ${path}: ${why}`));
}

function drawArgs({ path, detection, maxSize, quality }: DetectionPictureRequest): string[] {
  const { x, y, width, height } = detection.box;
  const scale = scaleFor(maxSize);
  const label = `data:image/png;base64,${drawLabel(detection, scale).toString('base64')}`;
  // The first frame that is not before it; a millisecond makes up for times that were rounded.
  const clip = ['-ss', String(Math.max(0, detection.atMs - 1) / 1000), '-i', path];
  const box = `drawbox=x=iw*${x}:y=ih*${y}:w=iw*${width}:h=ih*${height}:color=${COLOUR}:t=${scale}`;
  // Above the box, and inside the picture in any case.
  const place = `overlay=x='max(0,min(W*${x},W-w))':y='max(0,H*${y}-h)'`;
  const graph = `[0:V:0]${jpegFilters(maxSize).join(',')},${box}[seen];[seen][1:v]${place},format=yuvj420p`;
  const jpeg = ['-frames:v', '1', '-c:v', 'mjpeg', '-q:v', String(jpegQuantizer(quality)), '-f', 'image2pipe', 'pipe:1'];
  return ['-hide_banner', '-loglevel', 'error', ...clip, '-f', 'png_pipe', '-i', label, '-filter_complex', graph, ...jpeg];
}

/** A small picture of words such as `person 87%`; ffmpeg's own text needs fonts that a machine may not have. */
function drawLabel({ className, confidence }: Detection, scale: number): Buffer {
  const words = `${className.toLowerCase()} ${Math.round(confidence * 100)}%`;
  // Of paper around them.
  const margin = 2 * scale;
  const canvas = createCanvas(textWidth(words) * scale + 2 * margin, GLYPH_HEIGHT * scale + 2 * margin, scale);
  canvas.text(words, margin, margin);
  return canvas.toPng();
}
