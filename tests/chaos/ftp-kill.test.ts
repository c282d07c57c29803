import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort, logIn, speakRaw, uploadBytes } from '../support/ftp-cameras.ts';
import type { FtpChildTask } from '../support/ftp-child.ts';
import { sha256Of } from '../support/spool-campaign.ts';
import { openSpoolHouse, type SpoolHouse } from '../support/spool-house.ts';
import { waitUntil } from '../support/wait-until.ts';

const CHILD = join(import.meta.dirname, '..', 'support', 'ftp-child.ts');

describe('kill -9 of a process that cameras upload to', () => {
  let house: SpoolHouse;
  let port = 0;
  let path = '';
  let child: ChildProcess | undefined;
  beforeEach(async () => {
    house = await openSpoolHouse();
    port = await freePort();
    path = await house.footage('video.mp4');
  });
  afterEach(async () => {
    await kill();
    await house[Symbol.asyncDispose]();
  });

  const start = async (killAtStep = 0): Promise<void> => {
    const config = {
      user: 'front',
      password_env: 'FRONT',
      root_dir: join(house.dir, 'ftp'),
      host: '127.0.0.1',
      port,
      settle_s: 0.1,
    };
    const task: FtpChildTask = { spoolDir: house.spoolDir, config, killAtStep };
    const env = { ...process.env, NODE_COMPILE_CACHE: join(house.dir, 'compile-cache') };
    child = spawn(process.execPath, [CHILD, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'], env });
    // A child that dies while it starts says nothing.
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const upload = async (name: string): Promise<void> => {
    const client = await logIn(port);
    await uploadBytes(client, await readFile(path), name);
    client.close();
  };
  const left = async (): Promise<string[]> => {
    const entries = await readdir(join(house.dir, 'ftp', 'front'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  };
  const untilSealed = () =>
    waitUntil('the clip to be sealed and the upload to be gone', async () => {
      return (await house.names('open')).length > 0 && (await left()).length === 0;
    });
  const expectOneClip = async (): Promise<void> => {
    const [openClips, sealing, broken] = [await house.names('open'), await house.names('sealing'), await house.names('broken')];
    const kept = await Promise.all((await house.names('media')).map((name) => sha256Of(join(house.spoolDir, 'media', name))));
    expect([openClips.length, sealing, broken, kept]).toEqual([1, [], [], [await sha256Of(path)]]);
  };

  test('in the middle of a transfer: what came is kept, and sent again it is one clip', async () => {
    // Given
    await start();
    const video = await readFile(path);
    const raw = await speakRaw(port);
    await raw.hear();
    for (const line of ['USER front', 'PASS secret']) await raw.say(line);
    const data = connect(await raw.passive(), '127.0.0.1');
    data.on('error', () => undefined);
    await raw.say('STOR one.mp4');
    data.write(video.subarray(0, 1_000));
    const partial = join(house.dir, 'ftp', 'front', 'incoming', 'one.mp4');
    await waitUntil('the bytes', async () => (await stat(partial)).size === 1_000);
    // When
    await kill();
    await start();
    const kept = await left();
    await upload('one.mp4');
    // Then
    await untilSealed();
    expect(kept).toEqual(['one.mp4']);
    await expectOneClip();
  });

  test('right after a transfer: it is one clip after the restart', async () => {
    // Given
    await start();
    await upload('one.mp4');
    // When
    await kill();
    await start();
    // Then
    await untilSealed();
    await expectOneClip();
  });

  test('before or in the middle of any operation on the spool: one clip, and no twin', async () => {
    // Given the steps that starting takes, and those of one clip
    for (let step = 3; step <= 16; step += 1) {
      const before = (await house.names('open').catch(() => [])).length;
      port = await freePort();
      await start(step);
      const isDead = () => child?.signalCode === 'SIGKILL';
      if (!isDead()) {
        await upload(`${step}.mp4`).catch(() => undefined);
        // When it dies, or does not because there is no such step
        const isSealed = async () => (await house.names('open')).length > before && (await left()).length === 0;
        await waitUntil('its death, or the clip', async () => isDead() || (await isSealed()));
      }
      await kill();
      await start();
      if (before === (await house.names('open')).length && (await left()).length === 0) await upload(`${step}.mp4`);
      // Then
      const isSealed = async () => (await house.names('open')).length > before && (await left()).length === 0;
      await waitUntil(`the clip of step ${step}`, isSealed);
      expect(await house.names('open')).toHaveLength(before + 1);
      expect(await house.names('sealing')).toEqual([]);
      await kill();
    }
  });
});
