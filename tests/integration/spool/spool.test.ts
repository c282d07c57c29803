import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/kit/clock.ts';
import { openSpool } from '../../../src/spool/spool.ts';
import { useSpool } from '../../support/spool-house.ts';
import { errorOf, valueOf } from '../../support/value-of.ts';

const { given, seal } = useSpool();

describe('spool', () => {
  test('open clips come oldest recording first, not in the order of sealing or of file times', async () => {
    // Given
    const times = ['2026-11-23T02:27:02.000Z', '2026-11-23T02:27:00.000Z', '2026-11-23T02:27:01.000Z'];
    for (const [index, recordedStartAt] of times.entries()) {
      const path = await given.house.footage();
      await utimes(path, 1_000_000 - index, 1_000_000 - index);
      await seal({ path, recordedStartAt });
    }
    // When
    const clips = await given.handover.openClips();
    // Then
    expect(clips.map((clip) => clip.recordedStartAt)).toEqual([...times].sort());
  });

  test('a released clip is finished for ever, also in a new process and when its month is long past', async () => {
    // Given
    const { clipId } = await seal({ recordedStartAt: '2019-01-02T03:04:05.006Z' });
    await given.handover.release(clipId, { uploaded: true });
    await given.handover.release(clipId, { uploaded: true });
    await given.handover.close();
    // When
    const next = await given.house.open('handover');
    // Then
    expect(await next.isFinished(clipId)).toBe(true);
    expect(await next.openIds()).toEqual([]);
    expect(await given.house.names('finished')).toEqual(['2019-01.log']);
    expect(await given.house.read('finished', '2019-01.log')).toBe(`${clipId} uploaded\n`);
  });

  test('releasing a clip that the spool does not know keeps it from ever starting', async () => {
    // Given
    const recording = await given.house.recording();
    const { clipId } = valueOf(await given.recorder.sink().seal(recording));
    await rm(join(given.house.spoolDir, 'open', `${clipId}.json`));
    // When
    await given.handover.release(clipId, { uploaded: false });
    // Then
    expect(valueOf(await given.recorder.sink().seal(recording)).isNew).toBe(false);
    expect(await given.handover.openIds()).toEqual([]);
  });

  test('a refused clip stays visible with its reason until it is readmitted', async () => {
    // Given
    const { clipId } = await seal();
    await given.handover.refuse(clipId, { code: 'closed', message: 'terminated by an operator' });
    const observer = await given.house.open('observer');
    const seen = (await observer.backlog()).refused;
    // When
    const readmitted = await observer.readmit(clipId);
    // Then
    expect(seen.map(({ clip, reason }) => [clip.clipId, reason.code, reason.message])).toEqual([
      [clipId, 'closed', 'terminated by an operator'],
    ]);
    expect(readmitted).toBe(true);
    expect(await given.handover.openIds()).toEqual([clipId]);
    expect((await observer.backlog()).refused).toEqual([]);
  });

  test('a workflow that was reset releases a clip that was set aside meanwhile', async () => {
    // Given
    const { clipId } = await seal();
    await given.handover.refuse(clipId, { code: 'closed', message: 'terminated' });
    // When
    await given.handover.release(clipId, { uploaded: true });
    // Then
    expect((await given.handover.backlog()).refused).toEqual([]);
    expect(await given.handover.readmit(clipId)).toBe(false);
    expect((await given.handover.prune(0)).removedCount).toBe(1);
  });

  test('the backlog counts what is open and tells how much room is left', async () => {
    // Given
    await seal();
    const { clipId } = await seal();
    const before = await given.handover.backlog();
    // When
    await given.handover.release(clipId, { uploaded: true });
    const after = await given.handover.backlog();
    // Then
    const [clip] = await given.handover.openClips();
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
    await writeFile(join(given.house.spoolDir, 'open', `${broken.clipId}.json`), '{"clipId": "');
    // When
    const open = await given.handover.openClips();
    // Then
    expect(open.map(({ clipId }) => clipId)).toEqual([other.clipId]);
    expect((await given.handover.backlog()).broken).toEqual([`open-${broken.clipId}.json`]);
    expect(given.house.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(await given.house.names('media')).toHaveLength(2);
    await given.recorder.close();
    await given.house.open('recorder');
    expect(await given.house.names('media')).toHaveLength(2);
  });

  test('files that are none of ours in the marker folder do no harm', async () => {
    // Given
    await writeFile(join(given.house.spoolDir, 'open', '.DS_Store'), 'x');
    await mkdir(join(given.house.spoolDir, 'open', 'lost+found'));
    // When
    const { clipId } = await seal();
    // Then
    expect((await given.handover.openClips()).map((clip) => clip.clipId)).toEqual([clipId]);
  });

  describe('roles', () => {
    test('there is one recorder and one hand-over, and any number of observers', async () => {
      // Given
      const options = { dir: given.house.spoolDir, clock: systemClock, logger: { debug() {}, info() {}, warn() {}, error() {} } };
      // When
      const second = await openSpool({ ...options, role: 'recorder' });
      const other = await openSpool({ ...options, role: 'handover' });
      const observers = await Promise.all([given.house.open('observer'), given.house.open('observer')]);
      // Then
      expect(errorOf(second)).toMatchObject({ code: 'locked' });
      expect(errorOf(other)).toMatchObject({ code: 'locked' });
      expect(new Set([given.recorder, given.handover, ...observers].map(({ hostId }) => hostId)).size).toBe(1);
    });

    test('a role is free again once closed', async () => {
      // Given
      await given.recorder.close();
      // When
      const next = await given.house.open('recorder');
      // Then
      expect(next.hostId).toBe(given.recorder.hostId);
    });

    test('a host id that was damaged is not silently replaced', async () => {
      // Given
      await writeFile(join(given.house.spoolDir, 'host.json'), '{}');
      // When
      const opened = await openSpool({
        dir: given.house.spoolDir,
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
    await rm(join(given.house.spoolDir, 'open', `${clipId}.json`));
    await given.recorder.close();
    // When
    await given.house.open('recorder');
    // Then
    expect((await given.handover.backlog()).broken.map((name) => basename(name))).toEqual([`${clipId}.mp4`]);
  });
});
