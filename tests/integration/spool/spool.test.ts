import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClipId } from '../../../src/domain/ids.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import type { Recording } from '../../../src/plugins/spec/source.ts';
import { durableFiles } from '../../../src/spool/durable-files.ts';
import { type HandoverSpool, openSpool, type RecorderSpool } from '../../../src/spool/spool.ts';
import { openSpoolHouse, type SpoolHouse } from '../../support/spool-house.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

const sha256Of = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describe('spool', () => {
  let house: SpoolHouse;
  let recorder: RecorderSpool;
  let handover: HandoverSpool;
  beforeEach(async () => {
    house = await openSpoolHouse();
    recorder = await house.open('recorder');
    handover = await house.open('handover');
  });
  afterEach(() => house[Symbol.asyncDispose]());
  const seal = async (changes: Partial<Recording> = {}) => valueOf(await recorder.sink().seal(await house.recording(changes)));

  test('a sealed clip says all there is to know, and its bytes are those of the recording', async () => {
    // Given
    const path = await house.footage();
    // When
    const { clipId, isNew } = await seal({ path, identity: 'one', cameraName: 'Front Door!' });
    // Then
    const [clip] = await handover.openClips();
    expect(isNew).toBe(true);
    expect(clip).toMatchObject({
      clipId,
      cameraName: 'Front Door!',
      hostId: handover.hostId,
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
      const recording = await house.recording();
      const first = valueOf(await recorder.sink().seal(recording));
      if (state === 'refused') await handover.refuse(first.clipId, { code: 'refused', message: 'too large' });
      if (state === 'finished' || state === 'pruned') await handover.release(first.clipId, { uploaded: true });
      if (state === 'pruned') await handover.prune(0);
      // When
      const again = valueOf(await recorder.sink().seal(recording));
      // Then
      expect(again).toEqual({ clipId: first.clipId, isNew: false });
      expect(await handover.openIds()).toEqual(state === 'open' ? [first.clipId] : []);
    },
  );

  test('the same recording offered twice at the same moment becomes one clip', async () => {
    // Given
    const recording = await house.recording();
    // When
    const sealed = await Promise.all([1, 2, 3].map(async () => valueOf(await recorder.sink().seal(recording))));
    // Then
    expect(sealed.map(({ isNew }) => isNew)).toEqual([true, false, false]);
    expect(await handover.openIds()).toHaveLength(1);
  });

  test('two cameras never collide: same slug, same file name, same second', async () => {
    // Given
    const cameras = ['Front Door', 'front-door', 'Front_Door', 'Garten', '裏庭', '玄関'];
    // When
    const sealed = await Promise.all(cameras.map((cameraName) => seal({ cameraName, identity: '0001.mp4' })));
    // Then
    const clips = await handover.openClips();
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
    expect(await handover.openIds()).toHaveLength(2);
  });

  test.each([
    ['move', false, true],
    ['link', true, true],
    ['copy', true, true],
    ['in_place', true, false],
  ] as const)('take %s: the original stays: %s, the bytes are in the spool: %s', async (take, stays, inSpool) => {
    // Given
    const path = await house.footage();
    const sha256 = await sha256Of(path);
    // When
    await seal({ path, take });
    // Then
    const [clip] = await handover.openClips();
    expect(
      await stat(path).then(
        () => true,
        () => false,
      ),
    ).toBe(stays);
    expect(clip?.path.startsWith(join(handover.dir, 'media'))).toBe(inSpool);
    expect(await sha256Of(clip?.path ?? '')).toBe(sha256);
    expect(await house.names('sealing')).toEqual([]);
  });

  test('a link falls back to a copy where the disk cannot link', async () => {
    // Given
    await recorder.close();
    const link = async (existing: string, to: string) => {
      if (to.endsWith('.part')) throw Object.assign(new Error('cross-device link'), { code: 'EXDEV' });
      return durableFiles.link(existing, to);
    };
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const files = { ...durableFiles, link };
    const spool = valueOf(await openSpool({ dir: house.spoolDir, role: 'recorder', clock: systemClock, logger, files }));
    const path = await house.footage();
    // When
    const sealed = await spool.sink().seal(await house.recording({ path, take: 'link' }));
    await spool.close();
    // Then
    expect(sealed.ok).toBe(true);
    const [clip] = await handover.openClips();
    expect((await stat(clip?.path ?? '')).ino).not.toBe((await stat(path)).ino);
    expect(await sha256Of(clip?.path ?? '')).toBe(await sha256Of(path));
  });

  test('what cannot be sealed is said with the reason, leaves nothing behind and can be offered again', async () => {
    // Given
    const noVideo = join(house.dir, 'notes.mp4');
    await writeFile(noVideo, 'no video');
    const sink = recorder.sink();
    // When
    const unreadable = errorOf(await sink.seal(await house.recording({ path: noVideo })));
    const gone = errorOf(await sink.seal(await house.recording({ path: join(house.dir, 'gone.mp4') })));
    // Then
    expect(unreadable.code).toBe('unreadable');
    expect(gone.code).toBe('gone');
    expect(await house.names('sealing')).toEqual([]);
    expect(await house.names('media')).toEqual([]);
    expect(await handover.openIds()).toEqual([]);
  });

  test('a file that changes while it is being taken is not sealed', async () => {
    // Given
    await recorder.close();
    const path = await house.footage();
    const copy = async (from: string, to: string) => {
      const copied = await durableFiles.copy(from, to);
      await appendFile(path, 'more');
      return copied;
    };
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const files = { ...durableFiles, copy };
    const spool = valueOf(await openSpool({ dir: house.spoolDir, role: 'recorder', clock: systemClock, logger, files }));
    // When
    const failure = errorOf(await spool.sink().seal(await house.recording({ path })));
    await spool.close();
    // Then
    expect(failure.code).toBe('not_now');
    expect(await handover.openIds()).toEqual([]);
    expect(await house.names('sealing')).toEqual([]);
  });

  test('open clips come oldest recording first, not in the order of sealing or of file times', async () => {
    // Given
    const times = ['2026-11-23T02:27:02.000Z', '2026-11-23T02:27:00.000Z', '2026-11-23T02:27:01.000Z'];
    for (const [index, recordedStartAt] of times.entries()) {
      const path = await house.footage();
      await utimes(path, 1_000_000 - index, 1_000_000 - index);
      await seal({ path, recordedStartAt });
    }
    // When
    const clips = await handover.openClips();
    // Then
    expect(clips.map((clip) => clip.recordedStartAt)).toEqual([...times].sort());
  });

  test('a released clip is finished for ever, also in a new process and when its month is long past', async () => {
    // Given
    const { clipId } = await seal({ recordedStartAt: '2019-01-02T03:04:05.006Z' });
    await handover.release(clipId, { uploaded: true });
    await handover.release(clipId, { uploaded: true });
    await handover.close();
    // When
    const next = await house.open('handover');
    // Then
    expect(await next.isFinished(clipId)).toBe(true);
    expect(await next.openIds()).toEqual([]);
    expect(await house.names('finished')).toEqual(['2019-01.log']);
    expect(await house.read('finished', '2019-01.log')).toBe(`${clipId} uploaded\n`);
  });

  test('releasing a clip that the spool does not know keeps it from ever starting', async () => {
    // Given
    const recording = await house.recording();
    const { clipId } = valueOf(await recorder.sink().seal(recording));
    await rm(join(house.spoolDir, 'open', `${clipId}.json`));
    // When
    await handover.release(clipId, { uploaded: false });
    // Then
    expect(valueOf(await recorder.sink().seal(recording)).isNew).toBe(false);
    expect(await handover.openIds()).toEqual([]);
  });

  test('a refused clip stays visible with its reason until it is readmitted', async () => {
    // Given
    const { clipId } = await seal();
    await handover.refuse(clipId, { code: 'closed', message: 'terminated by an operator' });
    const observer = await house.open('observer');
    const seen = (await observer.backlog()).refused;
    // When
    const readmitted = await observer.readmit(clipId);
    // Then
    expect(seen.map(({ clip, reason }) => [clip.clipId, reason.code, reason.message])).toEqual([
      [clipId, 'closed', 'terminated by an operator'],
    ]);
    expect(readmitted).toBe(true);
    expect(await handover.openIds()).toEqual([clipId]);
    expect((await observer.backlog()).refused).toEqual([]);
  });

  test('a workflow that was reset releases a clip that was set aside meanwhile', async () => {
    // Given
    const { clipId } = await seal();
    await handover.refuse(clipId, { code: 'closed', message: 'terminated' });
    // When
    await handover.release(clipId, { uploaded: true });
    // Then
    expect((await handover.backlog()).refused).toEqual([]);
    expect(await handover.readmit(clipId)).toBe(false);
    expect((await handover.prune(0)).removedCount).toBe(1);
  });

  test('the backlog counts what is open and tells how much room is left', async () => {
    // Given
    await seal();
    const { clipId } = await seal();
    const before = await handover.backlog();
    // When
    await handover.release(clipId, { uploaded: true });
    const after = await handover.backlog();
    // Then
    const [clip] = await handover.openClips();
    expect(before.openCount).toBe(2);
    expect(after).toMatchObject({
      openCount: 1,
      openBytes: clip?.sizeBytes,
      oldestSealedAt: clip?.sealedAt,
      refused: [],
      broken: [],
    });
    expect(after.freeBytes).toBeGreaterThan(0);
  });

  test('a broken marker is set aside and reported, and its bytes and the other clips are untouched', async () => {
    // Given
    const broken = await seal({ identity: 'broken' });
    const other = await seal({ identity: 'other' });
    await writeFile(join(house.spoolDir, 'open', `${broken.clipId}.json`), '{"clipId": "');
    // When
    const open = await handover.openClips();
    // Then
    expect(open.map(({ clipId }) => clipId)).toEqual([other.clipId]);
    expect((await handover.backlog()).broken).toEqual([`open-${broken.clipId}.json`]);
    expect(house.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(await house.names('media')).toHaveLength(2);
    await recorder.close();
    await house.open('recorder');
    expect(await house.names('media')).toHaveLength(2);
  });

  test('files that are none of ours in the marker folder do no harm', async () => {
    // Given
    await writeFile(join(house.spoolDir, 'open', '.DS_Store'), 'x');
    await mkdir(join(house.spoolDir, 'open', 'lost+found'));
    // When
    const { clipId } = await seal();
    // Then
    expect((await handover.openClips()).map((clip) => clip.clipId)).toEqual([clipId]);
  });

  describe('retention', () => {
    const release = async (changes: Partial<Recording>, uploaded: boolean): Promise<ClipId> => {
      const { clipId } = await seal(changes);
      await handover.release(clipId, { uploaded });
      return clipId;
    };

    test('removes uploaded bytes oldest first, and only until the rest fits', async () => {
      // Given
      const at = (second: number) => ({ recordedStartAt: `2026-11-23T02:27:0${second}.000Z` });
      const newest = await release(at(3), true);
      await release(at(1), true);
      const middle = await release(at(2), true);
      const { size } = await stat(join(house.spoolDir, 'media', `${newest}.mp4`));
      // When
      const summary = await handover.prune(2 * size);
      // Then
      expect(summary).toMatchObject({ removedCount: 1, removedBytes: size, keptBytes: 2 * size, failedCount: 0 });
      expect(await house.names('media')).toEqual([`${middle}.mp4`, `${newest}.mp4`]);
    });

    test('never removes the last copy: open, refused, not uploaded, or the owner’s own file', async () => {
      // Given
      const open = await seal();
      const refused = await seal();
      await handover.refuse(refused.clipId, { code: 'refused', message: 'x' });
      const kept = await release({}, false);
      const own = await house.footage();
      await release({ path: own, take: 'in_place' }, true);
      // When
      const summary = await handover.prune(0);
      // Then
      expect(summary).toMatchObject({ removedCount: 0, notUploadedCount: 1 });
      expect(await house.names('media')).toEqual([`${kept}.mp4`, `${open.clipId}.mp4`, `${refused.clipId}.mp4`].sort());
      expect((await stat(own)).size).toBeGreaterThan(0);
    });

    test('on a disk that is nearly full it removes all that has a verified copy, and nothing else', async () => {
      // Given
      await release({}, true);
      await release({}, true);
      const kept = await release({}, false);
      const open = await seal();
      // When
      const summary = await handover.prune(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      // Then
      expect(summary).toMatchObject({ removedCount: 2, keptBytes: 0, notUploadedCount: 1 });
      expect(await house.names('media')).toEqual([`${kept}.mp4`, `${open.clipId}.mp4`].sort());
    });

    test('a marker that names a file elsewhere makes it remove nothing', async () => {
      // Given
      const clipId = await release({}, true);
      const own = await house.footage();
      const marker = join(house.spoolDir, 'released', `${clipId}.json`);
      const text = (await readFile(marker, 'utf8')).replace(/"path": ".*"/, `"path": "${own}"`);
      await writeFile(marker, text);
      // When
      await handover.prune(0);
      // Then
      expect((await stat(own)).size).toBeGreaterThan(0);
    });

    test('an upload that a later run completes makes the bytes removable, and the other way round', async () => {
      // Given
      const [first, second] = [await release({}, false), await release({}, true)];
      // When
      await handover.release(first, { uploaded: true });
      await handover.release(second, { uploaded: false });
      await handover.prune(0);
      // Then
      expect(await house.names('media')).toEqual([`${second}.mp4`]);
    });
  });

  describe('roles', () => {
    test('there is one recorder and one hand-over, and any number of observers', async () => {
      // Given
      const options = { dir: house.spoolDir, clock: systemClock, logger: { debug() {}, info() {}, warn() {}, error() {} } };
      // When
      const second = await openSpool({ ...options, role: 'recorder' });
      const other = await openSpool({ ...options, role: 'handover' });
      const observers = await Promise.all([house.open('observer'), house.open('observer')]);
      // Then
      expect(errorOf(second)).toMatchObject({ code: 'locked' });
      expect(errorOf(other)).toMatchObject({ code: 'locked' });
      expect(new Set([recorder, handover, ...observers].map(({ hostId }) => hostId)).size).toBe(1);
    });

    test('a role is free again once closed', async () => {
      // Given
      await recorder.close();
      // When
      const next = await house.open('recorder');
      // Then
      expect(next.hostId).toBe(recorder.hostId);
    });

    test('a host id that was damaged is not silently replaced', async () => {
      // Given
      await writeFile(join(house.spoolDir, 'host.json'), '{}');
      // When
      const opened = await openSpool({
        dir: house.spoolDir,
        role: 'observer',
        clock: systemClock,
        logger: { debug() {}, info() {}, warn() {}, error() {} },
      });
      // Then
      expect(errorOf(opened).code).toBe('damaged');
    });
  });

  test('bytes that a power cut left without a marker are kept where a person finds them', async () => {
    // Given
    const { clipId } = await seal();
    await rm(join(house.spoolDir, 'open', `${clipId}.json`));
    await recorder.close();
    // When
    await house.open('recorder');
    // Then
    expect((await handover.backlog()).broken.map((name) => basename(name))).toEqual([`${clipId}.mp4`]);
  });

  test('a source’s own file left behind by a kill after sealing goes once the clip is known', async () => {
    // Given
    const path = await house.footage();
    const recording = await house.recording({ path, identity: 'x', take: 'move' });
    await recorder.sink().seal(recording);
    await house.footage(basename(path));
    // When
    const again = valueOf(await recorder.sink().seal(recording));
    // Then
    expect(again.isNew).toBe(false);
    await expect(stat(path)).rejects.toThrow('ENOENT');
    expect(await house.names('media')).toEqual([`${again.clipId}.mp4`]);
  });

  test('… but stays when the spool has lost the bytes and no copy was uploaded', async () => {
    // Given
    const path = await house.footage();
    const recording = await house.recording({ path, identity: 'x', take: 'move' });
    const { clipId } = valueOf(await recorder.sink().seal(recording));
    await rm(join(house.spoolDir, 'media', `${clipId}.mp4`));
    await house.footage(basename(path));
    // When
    await recorder.sink().seal(recording);
    // Then
    expect((await stat(path)).size).toBeGreaterThan(0);
  });
});
