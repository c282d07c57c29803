import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestCameraOptions } from '../tests/support/rtsp-camera.ts';

/** A test camera in a process of its own, so that its work is not counted as the recorder's. */
export interface CameraProcess extends AsyncDisposable {
  readonly mainUrl: string;
  readonly subUrl: string;
  /** Calls a method of `TestCamera`: `drop`, or `sent main`. */
  call(line: string): Promise<unknown>;
}

const MAIN = join(import.meta.dirname, '../tests/support/rtsp-camera/main.ts');

export async function openCameraProcess({ video, ...options }: TestCameraOptions): Promise<CameraProcess> {
  const child = spawn(process.execPath, [MAIN, video, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done === true) throw new Error('the test camera has ended');
    return value;
  };
  const [mainUrl, subUrl] = [await line(), await line()];
  return {
    mainUrl,
    subUrl,
    async call(words) {
      child.stdin.write(`${words}\n`);
      const answer: unknown = JSON.parse(await line());
      return answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
