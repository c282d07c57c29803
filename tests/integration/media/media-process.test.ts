import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { livingMediaProcesses, startMedia } from '../../../src/media/media-process.ts';
import { waitUntil } from '../../support/wait-until.ts';

const FRAME = 'color=s=32x32:r=50';

// About as much as the streams on our side take, and more: what they leave, the pipe holds, so ffmpeg ends by itself each time.
it.each([50, 65, 80])(
  'one of %i frames that has ended by itself counts as ended once its reader has left, whatever is left',
  async (frames) => {
    // Given ffmpeg, which has written everything and is gone
    const folder = await mkdtemp(join(tmpdir(), 'homesec-media-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const pidFile = join(folder, 'pid');
    const output = ['-frames:v', String(frames), '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'];
    const running = startMedia({ tool: 'ffmpeg', args: ['-v', 'error', '-f', 'lavfi', '-i', FRAME, ...output], pidFile });
    const pid = /\d+/.exec(readFileSync(pidFile, 'utf8'))?.[0] ?? '';
    await waitUntil('it is gone', () => !existsSync(`/proc/${pid}`));
    // When its reader leaves
    running.stdout.destroy();
    running.kill();
    // Then
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(livingMediaProcesses()).toBe(0);
  },
);
