import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PassThrough } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { livingMediaProcesses, startMedia } from '../../../src/media/media-process.ts';
import { waitUntil } from '../../support/wait-until.ts';

const WITHOUT_END = ['-v', 'error', '-f', 'lavfi', '-i', 'color=s=320x240', '-f', 'rawvideo', 'pipe:1'];

it('one that has ended while much of it was unread counts as ended once its reader has left', async () => {
  // Given ffmpeg, of which more has come than anybody has read, and which is ended from outside, as for want of memory
  const folder = await mkdtemp(join(tmpdir(), 'homesec-media-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const pidFile = join(folder, 'pid');
  const running = startMedia({ tool: 'ffmpeg', args: WITHOUT_END, pidFile });
  onTestFinished(running.kill);
  const pid = Number(/\d+/.exec(readFileSync(pidFile, 'utf8'))?.[0]);
  await waitUntil('the streams are full', () => (running.stdout as PassThrough).writableNeedDrain);
  process.kill(pid, 'SIGKILL');
  await waitUntil('it is gone', () => !existsSync(`/proc/${pid}`));
  // When its reader leaves
  running.stdout.destroy();
  running.kill();
  // Then
  expect(await running.ended).toMatchObject({ code: null });
  expect(livingMediaProcesses()).toBe(0);
});
