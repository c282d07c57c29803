import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clip } from '../../../src/domain/clip.ts';
import { ok } from '../../../src/domain/result.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { createHandover } from '../../../src/spool/handover.ts';
import { openSpool, type SpoolRole } from '../../../src/spool/spool.ts';
import { makeClip } from '../../support/made-clip.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { aftermathOf, newScene, startChild } from '../../support/spool-campaign.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('two processes on one spool', () => {
  const { logger } = createTestContext();
  let dir = '';
  let video = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'homesec-two-'));
    video = (await makeClip(dir, 400)).path;
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));
  const open = <Role extends SpoolRole>(scene: string, role: Role, pollIntervalMs = 3_600_000) =>
    openSpool({ dir: join(scene, 'spool'), role, clock: systemClock, logger, pollIntervalMs });

  test('one seals while the other hands over, releases and prunes; neither disturbs the other', async () => {
    // Given
    const names = Array.from({ length: 8 }, (_, n) => `${n}.mp4`);
    const scene = await newScene(dir, video, names);
    const spool = valueOf(await open(scene, 'handover'));
    const started: Clip[] = [];
    const handover = createHandover({
      spool,
      logger,
      async startClip(clip) {
        started.push(clip);
        await spool.release(clip.clipId, { uploaded: true });
        await spool.prune(0);
        return ok(undefined);
      },
    });
    handover.start();
    // When
    await startChild({ dir: scene, take: 'link', fileCount: names.length, killAtStep: 0, recordsOnly: true }).ended;
    await waitUntil('all clips to be handed over', () => started.length >= names.length);
    await handover.stop();
    await spool.close();
    // Then
    expect(new Set(started.map(({ clipId }) => clipId)).size).toBe(names.length);
    expect(started).toHaveLength(names.length);
    expect(await aftermathOf(scene)).toMatchObject({
      finished: names.length,
      open: 0,
      sealing: 0,
      moving: 0,
      broken: 0,
      kept: [],
    });
  });

  test('another process’s clip is noticed by its event, without waiting for the next look', async () => {
    // Given
    const scene = await newScene(dir, video, ['0001.mp4']);
    const spool = valueOf(await open(scene, 'handover', 3_600_000));
    const seen: string[] = [];
    let listings = 0;
    const watch = spool.watchOpen({ onOpened: (clipId) => void seen.push(clipId), onListed: () => void (listings += 1) });
    await waitUntil('the first look', () => listings === 1);
    // When
    await startChild({ dir: scene, take: 'link', fileCount: 1, killAtStep: 0, recordsOnly: true }).ended;
    await waitUntil('the clip to be noticed', () => seen.length > 0);
    watch.close();
    // Then
    expect(seen[0]).toBe((await spool.openIds())[0]);
    expect(listings).toBe(1);
    await spool.close();
  });

  test('a role belongs to the process that has it, and is free the moment that process is killed', async () => {
    // Given
    const scene = await newScene(dir, video, []);
    const child = startChild({ dir: scene, take: 'link', fileCount: 1, killAtStep: 0 });
    await waitUntil('the child to record', () => child.output().includes('watching a folder'));
    const meanwhile = [await open(scene, 'recorder'), await open(scene, 'handover')];
    // When
    child.process.kill('SIGKILL');
    await child.ended;
    const after = [await open(scene, 'recorder'), await open(scene, 'handover')];
    // Then
    expect(meanwhile.map((opened) => errorOf(opened).code)).toEqual(['locked', 'locked']);
    expect(after.map((opened) => opened.ok)).toEqual([true, true]);
    for (const opened of after) if (opened.ok) await opened.value.close();
  });

  test('a process that is stopped, not killed, keeps its role', async () => {
    // Given
    const scene = await newScene(dir, video, []);
    const child = startChild({ dir: scene, take: 'link', fileCount: 1, killAtStep: 0 });
    await waitUntil('the child to record', () => child.output().includes('watching a folder'));
    child.process.kill('SIGSTOP');
    // When
    const opened = await open(scene, 'recorder');
    // Then
    expect(errorOf(opened).code).toBe('locked');
    child.process.kill('SIGKILL');
    await child.ended;
  });
});
