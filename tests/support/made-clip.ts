import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface MadeClip {
  readonly path: string;
  readonly durationMs: number;
}

/** A real video of a moving test picture, 640x360 at 10 frames per second. */
export async function makeClip(dir: string, durationMs = 6000): Promise<MadeClip> {
  const path = join(dir, 'made.mp4');
  const source = `testsrc2=size=640x360:rate=10:duration=${durationMs / 1000}`;
  const encode = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
  await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', source, ...encode, '-y', path]);
  return { path, durationMs };
}
