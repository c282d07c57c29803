import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClipId } from '../../../src/domain/ids.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { durableFiles } from '../../../src/spool/durable-files.ts';
import { openSpool, type RecorderSpool } from '../../../src/spool/spool.ts';
import { createTestContext } from '../../support/plugin-context.ts';
import { openSpoolHouse, type SpoolHouse } from '../../support/spool-house.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

describe('the snapshot of a clip', () => {
  let house: SpoolHouse;
  let recorder: RecorderSpool;
  beforeEach(async () => {
    house = await openSpoolHouse();
    recorder = await house.open('recorder');
  });
  afterEach(() => house[Symbol.asyncDispose]());
  const seal = async (): Promise<ClipId> => valueOf(await recorder.sink().seal(await house.recording())).clipId;
  const picture = async (name: string): Promise<string> => {
    const path = join(house.dir, name);
    await writeFile(path, name);
    return path;
  };
  const isThere = (path: string) => stat(path).then(Boolean, () => false);

  test('is moved beside the bytes; a second one stays where it is', async () => {
    // Given
    const clipId = await seal();
    const [first, second] = [await picture('first.jpg'), await picture('second.jpg')];
    // When
    const outcomes = [await recorder.sink().attachSnapshot(clipId, first), await recorder.sink().attachSnapshot(clipId, second)];
    // Then
    expect(outcomes.map(valueOf)).toEqual(['attached', 'has_one']);
    expect(await house.read('snapshots', `${clipId}.jpg`)).toBe('first.jpg');
    expect([await isThere(first), await isThere(second)]).toEqual([false, true]);
  });

  test('goes with the bytes when they are pruned, and is refused from then on', async () => {
    // Given
    const clipId = await seal();
    await recorder.sink().attachSnapshot(clipId, await picture('first.jpg'));
    const handover = await house.open('handover');
    await handover.release(clipId, { uploaded: true });
    const afterRelease = await house.names('snapshots');
    // When
    await handover.prune(0);
    const late = await recorder.sink().attachSnapshot(clipId, await picture('late.jpg'));
    // Then
    expect(afterRelease).toEqual([`${clipId}.jpg`]);
    expect(await house.names('snapshots')).toEqual([]);
    expect(valueOf(late)).toBe('no_clip');
    expect(await isThere(join(house.dir, 'late.jpg'))).toBe(true);
  });

  test('of a clip that is gone is removed at the next start, no other', async () => {
    // Given
    const clipId = await seal();
    await recorder.sink().attachSnapshot(clipId, await picture('kept.jpg'));
    await writeFile(join(house.spoolDir, 'snapshots', 'clip-of-nobody.jpg'), '');
    // When
    await house.open('handover');
    // Then
    expect(await house.names('snapshots')).toEqual([`${clipId}.jpg`]);
  });

  test('is copied from another disk, and one that is gone is said to be gone', async () => {
    // Given a disk that cannot rename into the spool
    await recorder.close();
    const elsewhere = await mkdtemp(join(house.dir, 'disk-'));
    const files = {
      ...durableFiles,
      rename: (from: string, to: string) =>
        from.startsWith(elsewhere)
          ? Promise.reject(Object.assign(new Error('another disk'), { code: 'EXDEV' }))
          : durableFiles.rename(from, to),
    };
    const { logger } = createTestContext();
    const spool = valueOf(await openSpool({ dir: house.spoolDir, role: 'recorder', clock: systemClock, logger, files }));
    const { clipId } = valueOf(await spool.sink().seal(await house.recording()));
    const path = join(elsewhere, 'a.jpg');
    // When
    const missing = await spool.sink().attachSnapshot(clipId, path);
    await writeFile(path, 'picture');
    const outcome = await spool.sink().attachSnapshot(clipId, path);
    await spool.close();
    // Then
    expect(errorOf(missing).code).toBe('gone');
    expect(valueOf(outcome)).toBe('attached');
    expect(await readFile(join(house.spoolDir, 'snapshots', `${clipId}.jpg`), 'utf8')).toBe('picture');
    expect(await isThere(path)).toBe(false);
    await rm(elsewhere, { recursive: true });
  });
});
