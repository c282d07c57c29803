import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { livingMediaProcesses, startMedia } from '../../../src/media/media-process.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** More than the streams on our side take, and of what is left not more than a pipe holds: ffmpeg ends, and nobody has read it all. */
const FRAMES = 50;
const FRAME = 'color=s=32x32:r=50';

it('one that has ended by itself counts as ended once its reader has left, though not all was read', async () => {
  // Given ffmpeg, which has written everything and is gone
  const folder = await mkdtemp(join(tmpdir(), 'homesec-media-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const pidFile = join(folder, 'pid');
  const output = ['-frames:v', String(FRAMES), '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'];
  const running = startMedia({ tool: 'ffmpeg', args: ['-v', 'error', '-f', 'lavfi', '-i', FRAME, ...output], pidFile });
  const pid = /\d+/.exec(await readFile(pidFile, 'utf8'))?.[0] ?? '';
  await waitUntil('it is gone', () => !existsSync(`/proc/${pid}`));
  expect(livingMediaProcesses()).toBe(1);
  // When its reader leaves
  running.stdout.destroy();
  running.kill();
  // Then
  expect(await running.ended).toMatchObject({ code: 0 });
  expect(livingMediaProcesses()).toBe(0);
});
