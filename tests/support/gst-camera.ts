import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { preparedMedia } from './rtsp-camera/prepared-media.ts';

export interface GstCamera extends AsyncDisposable {
  readonly url: string;
}

/** The system's own, for which Debian packages GStreamer. */
const PYTHON = '/usr/bin/python3';

/** A video played by GStreamer's RTSP server, which nobody here wrote. It begins with the first client and ends with the video. */
export async function openGstCamera({ video }: { readonly video: string }): Promise<GstCamera> {
  const encoder = ['-c:v', 'libx264', '-preset', 'superfast', '-pix_fmt', 'yuv420p', '-bf', '0', '-g', '10', '-f', 'mp4'];
  const path = await preparedMedia(['-i', video, '-an', ...encoder], await readFile(video));
  const child = spawn(PYTHON, [join(import.meta.dirname, 'gst-camera.py'), path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), ended]);
  const port = Number(first[0]);
  if (child.exitCode !== null || !(port > 0)) throw new Error('GStreamer does not serve RTSP: make setup-test');
  return {
    url: `rtsp://127.0.0.1:${port}/main`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
