import { createHash } from 'node:crypto';
import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/kit/clock.ts';
import { durableFiles } from '../../../src/spool/durable-files.ts';
import { openSpool } from '../../../src/spool/spool.ts';
import { useSpool } from '../../support/spool-house.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

const { given, seal } = useSpool();

const sha256Of = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('spool', () => {
  test('a sealed clip says all there is to know, and its bytes are those of the recording', async () => {
    // Given
    const path = await given.house.footage();
    // When
    const { clipId, isNew } = await seal({ path, identity: 'one', cameraName: 'Front Door!' });
    // Then
    const [clip] = await given.handover.openClips();
    expect(isNew).toBe(true);
    expect(clip).toMatchObject({
      clipId,
      cameraName: 'Front Door!',
      hostId: given.handover.hostId,
      recordedStartAt: '2026-11-23T02:27:00.123Z',
      recordedEndAt: '2026-11-23T02:27:00.523Z',
      durationMs: 400,
      sourceBackend: 'test',
      sizeBytes: (await stat(path)).size,
      sha256: await sha256Of(path),
      storageKey: `clips/front-door/2026-11-23/${clipId}.mp4`,
    });
    expect(await sha256Of(clip?.path ?? '')).toBe(clip?.sha256);
    expect(clipId).toMatch(/^20261123T022700123Z-front-door-/);
  });

  test.each(['open', 'refused', 'finished', 'pruned'] as const)(
    'a recording sealed again is no second clip: %s',
    async (state) => {
      // Given
      const recording = await given.house.recording();
      const first = valueOf(await given.recorder.sink().seal(recording));
      if (state === 'refused') await given.handover.refuse(first.clipId, { code: 'refused', message: 'too large' });
      if (state === 'finished' || state === 'pruned') await given.handover.release(first.clipId, { uploaded: true });
      if (state === 'pruned') await given.handover.prune(0);
      // When
      const again = valueOf(await given.recorder.sink().seal(recording));
      // Then
      expect(again).toEqual({ clipId: first.clipId, isNew: false });
      expect(await given.handover.openIds()).toEqual(state === 'open' ? [first.clipId] : []);
    },
  );

  test('the same recording offered twice at the same moment becomes one clip', async () => {
    // Given
    const recording = await given.house.recording();
    // When
    const sealed = await Promise.all([1, 2, 3].map(async () => valueOf(await given.recorder.sink().seal(recording))));
    // Then
    expect(sealed.map(({ isNew }) => isNew)).toEqual([true, false, false]);
    expect(await given.handover.openIds()).toHaveLength(1);
  });

  test('two cameras never collide: same slug, same file name, same second', async () => {
    // Given
    const cameras = ['Front Door', 'front-door', 'Front_Door', 'Garten', '裏庭', '玄関'];
    // When
    const sealed = await Promise.all(cameras.map((cameraName) => seal({ cameraName, identity: '0001.mp4' })));
    // Then
    const clips = await given.handover.openClips();
    expect(new Set(sealed.map(({ clipId }) => clipId)).size).toBe(cameras.length);
    expect(new Set(clips.map(({ storageKey }) => storageKey)).size).toBe(cameras.length);
    expect(new Set(clips.map(({ path }) => path)).size).toBe(cameras.length);
    expect(clips.map(({ cameraName }) => cameraName).sort()).toEqual([...cameras].sort());
  });

  test('two clips of one camera in the same second stay two', async () => {
    // Given / When
    const sealed = await Promise.all(['a', 'b'].map((identity) => seal({ identity })));
    // Then
    expect(new Set(sealed.map(({ clipId }) => clipId)).size).toBe(2);
    expect(await given.handover.openIds()).toHaveLength(2);
  });

  test.each([
    ['move', false, true],
    ['link', true, true],
    ['copy', true, true],
    ['in_place', true, false],
  ] as const)('take %s: the original stays: %s, the bytes are in the spool: %s', async (take, stays, inSpool) => {
    // Given
    const path = await given.house.footage();
    const sha256 = await sha256Of(path);
    // When
    await seal({ path, take });
    // Then
    const [clip] = await given.handover.openClips();
    expect(
      await stat(path).then(
        () => true,
        () => false,
      ),
    ).toBe(stays);
    expect(clip?.path.startsWith(join(given.handover.dir, 'media'))).toBe(inSpool);
    expect(await sha256Of(clip?.path ?? '')).toBe(sha256);
    expect(await given.house.names('sealing')).toEqual([]);
  });

  test('a link falls back to a copy where the disk cannot link', async () => {
    // Given
    await given.recorder.close();
    const link = async (existing: string, to: string) => {
      if (to.endsWith('.part')) throw Object.assign(new Error('cross-device link'), { code: 'EXDEV' });
      return durableFiles.link(existing, to);
    };
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const files = { ...durableFiles, link };
    const spool = valueOf(await openSpool({ dir: given.house.spoolDir, role: 'recorder', clock: systemClock, logger, files }));
    const path = await given.house.footage();
    // When
    const sealed = await spool.sink().seal(await given.house.recording({ path, take: 'link' }));
    await spool.close();
    // Then
    expect(sealed.ok).toBe(true);
    const [clip] = await given.handover.openClips();
    expect((await stat(clip?.path ?? '')).ino).not.toBe((await stat(path)).ino);
    expect(await sha256Of(clip?.path ?? '')).toBe(await sha256Of(path));
  });

  test('what cannot be sealed is said with the reason, leaves nothing behind and can be offered again', async () => {
    // Given
    const noVideo = join(given.house.dir, 'notes.mp4');
    await writeFile(noVideo, 'no video');
    const sink = given.recorder.sink();
    // When
    const unreadable = errorOf(await sink.seal(await given.house.recording({ path: noVideo })));
    const gone = errorOf(await sink.seal(await given.house.recording({ path: join(given.house.dir, 'gone.mp4') })));
    // Then
    expect(unreadable.code).toBe('unreadable');
    expect(gone.code).toBe('gone');
    expect(await given.house.names('sealing')).toEqual([]);
    expect(await given.house.names('media')).toEqual([]);
    expect(await given.handover.openIds()).toEqual([]);
  });

  test('a file that changes while it is being taken is not sealed', async () => {
    // Given
    await given.recorder.close();
    const path = await given.house.footage();
    const copy = async (from: string, to: string) => {
      const copied = await durableFiles.copy(from, to);
      await appendFile(path, 'more');
      return copied;
    };
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const files = { ...durableFiles, copy };
    const spool = valueOf(await openSpool({ dir: given.house.spoolDir, role: 'recorder', clock: systemClock, logger, files }));
    // When
    const failure = errorOf(await spool.sink().seal(await given.house.recording({ path })));
    await spool.close();
    // Then
    expect(failure.code).toBe('not_now');
    expect(await given.handover.openIds()).toEqual([]);
    expect(await given.house.names('sealing')).toEqual([]);
  });

  test('a source’s own file left behind by a kill after sealing goes once the clip is known', async () => {
    // Given
    const path = await given.house.footage();
    const recording = await given.house.recording({ path, identity: 'x', take: 'move' });
    await given.recorder.sink().seal(recording);
    await given.house.footage(basename(path));
    // When
    const again = valueOf(await given.recorder.sink().seal(recording));
    // Then
    expect(again.isNew).toBe(false);
    await expect(stat(path)).rejects.toThrow('ENOENT');
    expect(await given.house.names('media')).toEqual([`${again.clipId}.mp4`]);
  });

  test('… but stays when the spool has lost the bytes and no copy was uploaded', async () => {
    // Given
    const path = await given.house.footage();
    const recording = await given.house.recording({ path, identity: 'x', take: 'move' });
    const { clipId } = valueOf(await given.recorder.sink().seal(recording));
    await rm(join(given.house.spoolDir, 'media', `${clipId}.mp4`));
    await given.house.footage(basename(path));
    // When
    await given.recorder.sink().seal(recording);
    // Then
    expect((await stat(path)).size).toBeGreaterThan(0);
  });
});
