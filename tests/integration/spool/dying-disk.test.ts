import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/kit/clock.ts';
import { type DurableFiles, durableFiles } from '../../../src/spool/durable-files.ts';
import { openSpool } from '../../../src/spool/spool.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { sha256Of } from '../../support/spool-campaign.ts';
import { openSpoolHouse, type SpoolHouse } from '../../support/spool-house.ts';
import { valueOf } from '../../support/value-of.ts';

interface DyingDisk {
  readonly files: DurableFiles;
  /** Operations that were asked for. */
  count(): number;
}

/** A disk that serves so many operations and then answers each with an error. */
function dyingDisk(lifeInSteps: number): DyingDisk {
  let steps = 0;
  const dying =
    <Args extends unknown[], Value>(operation: (...args: Args) => Promise<Value>) =>
    async (...args: Args): Promise<Value> => {
      steps += 1;
      if (steps > lifeInSteps) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
      return operation(...args);
    };
  const { write, append, rename, link, remove, copy, settle, syncFolder } = durableFiles;
  const files = {
    write: dying(write),
    append: dying(append),
    rename: dying(rename),
    link: dying(link),
    remove: dying(remove),
    copy: dying(copy),
    settle: dying(settle),
    syncFolder: dying(syncFolder),
  };
  return { files, count: () => steps };
}

describe('a disk that fails while a recording is sealed', () => {
  let house: SpoolHouse;
  beforeEach(async () => {
    house = await openSpoolHouse();
    const first = await house.open('recorder');
    await first.close();
  });
  afterEach(() => house[Symbol.asyncDispose]());
  const { logger } = createTestContext();
  const openOn = async (files: DurableFiles) =>
    valueOf(await openSpool({ dir: house.spoolDir, role: 'recorder', clock: systemClock, logger, files }));
  const bytesOf = async () =>
    (await house.names('media')).concat(await house.names('sealing')).filter((name) => !name.endsWith('.json'));

  test.each(['move', 'link', 'copy', 'in_place'] as const)(
    '%s: at every moment it is there, and in the end it is one clip',
    async (take) => {
      // Given
      let isSealed = false;
      let life = 0;
      for (; !isSealed; life += 1) {
        const path = await house.footage();
        const sha256 = await sha256Of(path);
        const recording = await house.recording({ path, take });
        const disk = dyingDisk(life);
        const dying = await openOn(disk.files);
        // When
        const sealed = await dying.sink().seal(recording);
        await dying.close();
        isSealed = disk.count() <= life;
        const isOriginalLeft = await sha256Of(path).then(
          () => true,
          () => false,
        );
        const recovered = await openOn(durableFiles);
        if (isOriginalLeft) await recovered.sink().seal(recording);
        // Then
        const clips = await recovered.openClips();
        expect(clips, `life ${life}`).toHaveLength(1);
        expect(await sha256Of(clips[0]?.path ?? '')).toBe(sha256);
        expect(sealed.ok || isOriginalLeft).toBe(true);
        expect(await house.names('sealing')).toEqual([]);
        expect(await bytesOf()).toHaveLength(take === 'in_place' ? 0 : 1);
        await recovered.close();
        for (const folder of ['open', 'media']) await rm(`${house.spoolDir}/${folder}`, { recursive: true });
      }
      expect(life).toBeGreaterThan(4);
    },
  );

  test('once the marker is complete the next start finishes the sealing, though the original is gone', async () => {
    // Given
    const path = await house.footage();
    const sha256 = await sha256Of(path);
    const rename = () => Promise.reject(Object.assign(new Error('input/output error'), { code: 'EIO' }));
    const dying = await openOn({ ...durableFiles, rename });
    const sealed = await dying.sink().seal(await house.recording({ path }));
    await dying.close();
    await rm(path);
    // When
    const recovered = await openOn(durableFiles);
    // Then
    const [clip] = await recovered.openClips();
    expect(sealed.ok).toBe(false);
    expect(await sha256Of(clip?.path ?? '')).toBe(sha256);
    expect(await house.names('sealing')).toEqual([]);
    await recovered.close();
  });
});
