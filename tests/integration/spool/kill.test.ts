import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeClip } from '../../support/made-clip.ts';
import { aftermathOf, newScene, sha256Of, startChild } from '../../support/spool-campaign.ts';

describe('kill -9 of a camera host', () => {
  let dir = '';
  let video = '';
  let sha256 = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'homesec-kill-'));
    video = (await makeClip(dir, 400)).path;
    sha256 = await sha256Of(video);
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const clean = (fileCount: number, keptCount: number) => ({
    workflows: fileCount,
    finished: fileCount,
    open: 0,
    sealing: 0,
    moving: 0,
    broken: 0,
    kept: Array.from({ length: keptCount }, () => sha256),
  });

  test.each(['link', 'copy', 'in_place'] as const)(
    'before or in the middle of any operation on the disk: the file becomes one finished clip (%s)',
    async (take) => {
      // Given
      let survived = false;
      let steps = 0;
      for (let killAtStep = 1; !survived; killAtStep += 1) {
        const scene = await newScene(dir, video, ['0001.mp4']);
        const task = { dir: scene, take, fileCount: 1, killAtStep };
        // When
        survived = (await startChild(task).ended) === '0';
        if (!survived) await startChild({ ...task, killAtStep: 0 }).ended;
        // Then
        expect(await aftermathOf(scene), `killed at step ${killAtStep}`).toEqual(clean(1, take === 'in_place' ? 0 : 1));
        steps = killAtStep;
      }
      expect(steps).toBeGreaterThan(12);
    },
    240_000,
  );

  test('at random moments, again and again: each file becomes one finished clip', async () => {
    // Given
    const names = ['0001.mp4', '0002.mp4', '0003.MP4', 'garden.mp4', 'a b.mp4', 'ü.mp4'];
    const scene = await newScene(dir, video, names);
    const task = { dir: scene, take: 'link', fileCount: names.length, killAtStep: 0 } as const;
    const killedAfterMs: number[] = [];
    // When
    for (let round = 0; round < 12; round += 1) {
      const child = startChild(task);
      const waitMs = Math.round(150 + Math.random() * 700);
      killedAfterMs.push(waitMs);
      await Promise.race([delay(waitMs), child.ended]);
      child.process.kill('SIGKILL');
      await child.ended;
    }
    await startChild(task).ended;
    // Then
    expect(await aftermathOf(scene), `killed after ${killedAfterMs.join(', ')} ms`).toEqual(clean(names.length, names.length));
  }, 120_000);
});
