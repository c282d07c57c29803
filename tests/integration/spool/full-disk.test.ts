import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/kit/clock.ts';
import { openSpool } from '../../../src/spool/spool.ts';
import { makeClip } from '../../support/made-clip.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { aftermathOf, newScene, sha256Of, startChild } from '../../support/spool-campaign.ts';
import { valueOf } from '../../support/value-of.ts';
import { waitUntil } from '../../support/wait-until.ts';

describe('a disk that takes no more', () => {
  let dir = '';
  let video = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'homesec-full-'));
    video = (await makeClip(dir, 400)).path;
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  // The limit makes every write beyond it fail with the system's own error, as a full disk does, without needing root.
  test.each([
    ['no room for the bytes', 'copy', 'ulimit -f 4'],
    ['no room for a marker', 'link', 'ulimit -f 0'],
  ] as const)('%s: nothing is lost, and the file is taken when there is room again', async (_what, take, limit) => {
    // Given
    const scene = await newScene(dir, video, ['0001.mp4']);
    const { logger } = createTestContext();
    const observer = await openSpool({ dir: join(scene, 'spool'), role: 'observer', clock: systemClock, logger });
    await valueOf(observer).close();
    const task = { dir: scene, take, fileCount: 1, killAtStep: 0 } as const;
    const cramped = startChild(task, limit);
    await waitUntil('the file to be reported', () => cramped.output().includes('could not be sealed'));
    cramped.process.kill('SIGKILL');
    await cramped.ended;
    const before = await aftermathOf(scene);
    // When
    await startChild(task).ended;
    // Then
    expect(before).toMatchObject({ workflows: 0, open: 0, sealing: 0, kept: [] });
    expect(await aftermathOf(scene)).toMatchObject({ workflows: 1, finished: 1, open: 0, kept: [await sha256Of(video)] });
  });
});
