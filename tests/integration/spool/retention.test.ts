import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ClipId } from '../../../src/domain/ids.ts';
import type { Recording } from '../../../src/plugins/spec/source.ts';
import { useSpool } from '../../support/spool-house.ts';

const { given, seal } = useSpool();

describe('retention', () => {
  const release = async (changes: Partial<Recording>, uploaded: boolean): Promise<ClipId> => {
    const { clipId } = await seal(changes);
    await given.handover.release(clipId, { uploaded });
    return clipId;
  };

  test('removes uploaded bytes oldest first, and only until the rest fits', async () => {
    // Given
    const at = (second: number) => ({ recordedStartAt: `2026-11-23T02:27:0${second}.000Z` });
    const newest = await release(at(3), true);
    await release(at(1), true);
    const middle = await release(at(2), true);
    const { size } = await stat(join(given.house.spoolDir, 'media', `${newest}.mp4`));
    // When
    const summary = await given.handover.prune(2 * size);
    // Then
    expect(summary).toMatchObject({ removedCount: 1, removedBytes: size, keptBytes: 2 * size, failedCount: 0 });
    expect(await given.house.names('media')).toEqual([`${middle}.mp4`, `${newest}.mp4`]);
  });

  test('never removes the last copy: open, refused, not uploaded, or the owner’s own file', async () => {
    // Given
    const open = await seal();
    const refused = await seal();
    await given.handover.refuse(refused.clipId, { code: 'refused', message: 'x' });
    const kept = await release({}, false);
    const own = await given.house.footage();
    await release({ path: own, take: 'in_place' }, true);
    // When
    const summary = await given.handover.prune(0);
    // Then
    expect(summary).toMatchObject({ removedCount: 0, notUploadedCount: 1 });
    expect(await given.house.names('media')).toEqual([`${kept}.mp4`, `${open.clipId}.mp4`, `${refused.clipId}.mp4`].sort());
    expect((await stat(own)).size).toBeGreaterThan(0);
  });

  test('on a disk that is nearly full it removes all that has a verified copy, and nothing else', async () => {
    // Given
    await release({}, true);
    await release({}, true);
    const kept = await release({}, false);
    const open = await seal();
    // When
    const summary = await given.handover.prune(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    // Then
    expect(summary).toMatchObject({ removedCount: 2, keptBytes: 0, notUploadedCount: 1 });
    expect(await given.house.names('media')).toEqual([`${kept}.mp4`, `${open.clipId}.mp4`].sort());
  });

  test('a marker that names a file elsewhere makes it remove nothing', async () => {
    // Given
    const clipId = await release({}, true);
    const own = await given.house.footage();
    const marker = join(given.house.spoolDir, 'released', `${clipId}.json`);
    const text = (await readFile(marker, 'utf8')).replace(/"path": ".*"/, `"path": "${own}"`);
    await writeFile(marker, text);
    // When
    await given.handover.prune(0);
    // Then
    expect((await stat(own)).size).toBeGreaterThan(0);
  });

  test('an upload that a later run completes makes the bytes removable, and the other way round', async () => {
    // Given
    const [first, second] = [await release({}, false), await release({}, true)];
    // When
    await given.handover.release(first, { uploaded: true });
    await given.handover.release(second, { uploaded: false });
    await given.handover.prune(0);
    // Then
    expect(await given.house.names('media')).toEqual([`${second}.mp4`]);
  });
});
