import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { preparedMedia } from '../rtsp-camera/prepared-media.ts';

/**
 * A minute of video in whose every picture its own number is written, as ten black or white fields along the top, so that
 * whoever finds a picture in a clip knows which it is. Below them a box moves for 18 of each 30 seconds.
 */
export const CODED = { fps: 10, frames: 600, moves: { from: 6, until: 24, every: 30 } } as const;
const BITS = 10;
/** Share of the height that the fields take. */
const STRIP = 1 / 9;
/** For the recorder: the fields are no motion. */
export const STRIP_MASK = [
  [0, 0],
  [1, 0],
  [1, 0.15],
  [0, 0.15],
] as const;

export function codedVideo(): Promise<string> {
  const { fps, frames, moves } = CODED;
  const lasts = `r=${fps}:d=${frames / fps}`;
  const graph =
    `color=gray:s=640x360:${lasts},noise=alls=5:allf=t[scene];color=white:s=120x160:${lasts}[box];` +
    `[scene][box]overlay=x='mod(t*60,520)':y=150:enable='between(mod(t,${moves.every}),${moves.from},${moves.until})',` +
    `geq=lum='if(lt(Y,H*${STRIP}),if(bitand(N,pow(2,floor(X*${BITS}/W))),235,16),lum(X,Y))':cb=128:cr=128`;
  return preparedMedia(['-f', 'lavfi', '-i', graph, '-c:v', 'libx264', '-preset', 'ultrafast', '-f', 'mp4'], undefined);
}

export const isMoving = (frame: number): boolean => {
  const { fps, moves } = CODED;
  const second = (frame / fps) % moves.every;
  return second >= moves.from && second < moves.until;
};

/** Numbers of the pictures in a clip, in their order, by playing it to its end. Rejects when it cannot be played. */
export async function readCodes(path: string): Promise<number[]> {
  const strip = `crop=iw:ih*${STRIP}:0:0,scale=${BITS}:1:flags=area,format=gray`;
  const args = ['-v', 'error', '-xerror', '-i', path, '-an', '-fps_mode', 'passthrough', '-vf', strip, '-f', 'rawvideo', '-'];
  const { stdout } = await promisify(execFile)('ffmpeg', args, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
  const pictures = Array.from({ length: stdout.length / BITS }, (_, at) => stdout.subarray(at * BITS, (at + 1) * BITS));
  return pictures.map((fields) => fields.reduce((code, field, bit) => code + (field > 127 ? 2 ** bit : 0), 0));
}

/** Pictures that a clip says it has, without decoding them. */
export async function countPictures(path: string): Promise<number> {
  const entries = ['-count_packets', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0'];
  return Number((await promisify(execFile)('ffprobe', ['-v', 'error', ...entries, path])).stdout);
}
