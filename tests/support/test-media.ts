import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from './run-tool.ts';

/** Runs ffmpeg for a test's own files: quietly, overwriting. */
export async function makeMedia(args: readonly string[]): Promise<void> {
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args]);
}

export interface MediaFolder {
  file(name: string): string;
  /** A clip from an ffmpeg filter graph, such as `testsrc2=d=2:r=10:s=320x180`; answers with its path. */
  clip(name: string, graph: string, ...more: string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function openMediaFolder(): Promise<MediaFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'homesec-media-'));
  const file = (name: string): string => join(dir, name);
  return {
    file,
    clip: async (name, graph, ...more) => {
      await makeMedia([
        '-f',
        'lavfi',
        '-i',
        graph,
        '-pix_fmt',
        'yuv420p',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        ...more,
        file(name),
      ]);
      return file(name);
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** A file of real footage that may lie beside the checkout; undefined when it does not. */
export function footage(name: string): string | undefined {
  const path = join(REPOSITORY, '..', 'shared', 'footage', name);
  return existsSync(path) ? path : undefined;
}

/** The detector model that may lie beside the checkout. */
export function sharedYolox(): string | undefined {
  const path = join(REPOSITORY, '..', 'shared', 'models', 'yolox_nano_416.onnx');
  return existsSync(path) ? path : undefined;
}
