import { appendFile, cp, mkdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clip } from '../../../src/domain/clip.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { livingMediaProcesses } from '../../../src/media/media-process.ts';
import { localFolderSource } from '../../../src/plugins/sources/local-folder/index.ts';
import type { ClipSink, ClipSource, SealFailure } from '../../../src/plugins/spec/source.ts';
import type { RecorderSpool } from '../../../src/spool/spool.ts';
import { createTestContext, type TestContext } from '../../support/plugin-context.ts';
import { openSpoolHouse, type SpoolHouse } from '../../support/spool-house.ts';
import { waitUntil } from '../../support/wait-until.ts';

interface Begun {
  readonly source: ClipSource;
  readonly context: TestContext;
}

describe('source local_folder', () => {
  let house: SpoolHouse;
  let spool: RecorderSpool;
  let watchDir = '';
  const running: ClipSource[] = [];
  let markers = 0;
  beforeEach(async () => {
    house = await openSpoolHouse();
    spool = await house.open('recorder');
    watchDir = join(house.dir, 'watch');
    await mkdir(watchDir);
  });
  afterEach(async () => {
    for (const source of running.splice(0)) await source.stop();
    await house[Symbol.asyncDispose]();
    expect(livingMediaProcesses()).toBe(0);
  });

  const begin = async (config: object = {}, sink: ClipSink = spool.sink(), clock = systemClock): Promise<Begun> => {
    const context = createTestContext({ cameraName: 'Garden', clock });
    const defaults = { watch_dir: watchDir, stability_threshold_s: 0.1, poll_interval_s: 0.2 };
    const source = localFolderSource.create(localFolderSource.configSchema.parse({ ...defaults, ...config }), context);
    running.push(source);
    await source.start(sink);
    return { source, context };
  };
  const end = async (source: ClipSource) => {
    await source.stop();
    running.splice(running.indexOf(source), 1);
  };
  const put = async (name: string): Promise<string> => {
    const path = join(watchDir, name);
    await cp(await house.footage(), path);
    return path;
  };
  const clips = async (count: number): Promise<Clip[]> => {
    await waitUntil(`${count} clips`, async () => (await spool.openIds()).length >= count);
    return spool.openClips();
  };
  /** Waits for a file that comes after all others to be taken, so that anything that was going to happen has happened. */
  const twoMoreLooks = async () => {
    const marker = await put(`marker-${markers}.mp4`);
    const writtenMs = Date.now() + 1_000 * (markers += 1);
    await utimes(marker, writtenMs / 1_000, writtenMs / 1_000);
    const recordedEndAt = new Date(writtenMs).toISOString();
    const isThere = async () => (await spool.openClips()).some((clip) => clip.recordedEndAt === recordedEndAt);
    await waitUntil('a file that came later to be taken', isThere);
    await rm(marker);
  };

  test('takes existing and new files, each once, with the time and length of the recording', async () => {
    // Given
    const path = await put('0001.mp4');
    await utimes(path, 1_700_000_000, 1_700_000_000);
    const { source } = await begin();
    const [first] = await clips(1);
    // When
    await put('0002.MP4');
    const both = await clips(2);
    await twoMoreLooks();
    // Then
    expect(first).toMatchObject({
      cameraName: 'Garden',
      sourceBackend: 'local_folder',
      durationMs: 400,
      recordedStartAt: '2023-11-14T22:13:19.600Z',
      recordedEndAt: '2023-11-14T22:13:20.000Z',
    });
    expect(both).toHaveLength(2);
    expect(await spool.openIds()).toHaveLength(3);
    expect(source.status()).toEqual({ state: 'watching', problems: [] });
  });

  test('looks only at files of the configured extensions, and below only when asked', async () => {
    // Given
    await mkdir(join(watchDir, 'day', '#recycle'), { recursive: true });
    await mkdir(join(watchDir, 'folder.mp4'));
    for (const name of ['a.mp4', 'a.txt', '.a.mp4', 'a.mp4.part', 'day/a.mp4', 'day/#recycle/old.mp4']) await put(name);
    const flat = await begin();
    await clips(1);
    await end(flat.source);
    const afterFlat = await spool.openIds();
    // When
    await begin({ recursive: true });
    await clips(2);
    await twoMoreLooks();
    // Then
    expect(afterFlat).toHaveLength(1);
    expect(await spool.openIds()).toHaveLength(3);
  });

  test('the same name in two folders, and the same bytes under two names, are two clips', async () => {
    // Given
    await mkdir(join(watchDir, 'day1'));
    await mkdir(join(watchDir, 'day2'));
    for (const name of ['day1/0001.mp4', 'day2/0001.mp4', 'day2/0002.mp4'])
      await utimes(await put(name), 1_700_000_000, 1_700_000_000);
    // When
    await begin({ recursive: true });
    const sealed = await clips(3);
    // Then
    expect(new Set(sealed.map(({ clipId }) => clipId)).size).toBe(3);
    expect(new Set(sealed.map(({ storageKey }) => storageKey)).size).toBe(3);
  });

  test('leaves a file alone that has not been still for long enough', async () => {
    // Given
    let looks = 0;
    const now = () => new Date((looks += 1)).toISOString();
    await put('a.mp4');
    // When
    const { source } = await begin({ stability_threshold_s: 3_600 }, spool.sink(), { now });
    await waitUntil('a few looks', () => looks >= 4);
    // Then
    expect(await spool.openIds()).toEqual([]);
    expect(source.status().problems).toEqual([]);
  });

  test('waits for a file that is still being written, and takes it whole', async () => {
    // Given
    const whole = await house.footage();
    const path = join(watchDir, 'slow.mp4');
    const { size } = await stat(whole);
    await begin({ stability_threshold_s: 0.4 });
    // When
    const bytes = await readFile(whole);
    for (let at = 0; at < size; at += Math.ceil(size / 8)) {
      await appendFile(path, bytes.subarray(at, at + Math.ceil(size / 8)));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Then
    const [clip] = await clips(1);
    expect(clip?.sizeBytes).toBe(size);
  });

  test('a file under an old name with new content is a new clip; touched or moved it is not', async () => {
    // Given
    const path = await put('0001.mp4');
    await begin();
    await clips(1);
    // When
    await utimes(path, 1_700_000_000, 1_700_000_000);
    await twoMoreLooks();
    await rename(path, join(watchDir, 'moved.mp4'));
    await twoMoreLooks();
    const before = await spool.openIds();
    await put('0001.mp4');
    // Then
    expect(before).toHaveLength(3);
    expect(await clips(4)).toHaveLength(4);
  });

  test('new content is a new clip even when a coarse clock gives it the time of the old', async () => {
    // Given
    const path = await put('0001.mp4');
    await utimes(path, 1_700_000_000, 1_700_000_000);
    await begin();
    await clips(1);
    // When
    await appendFile(path, Buffer.from([0, 0, 0, 8, ...Buffer.from('free')]));
    await utimes(path, 1_700_000_000, 1_700_000_000);
    // Then
    const [first, second] = await clips(2);
    expect(first?.recordedStartAt).toBe(second?.recordedStartAt);
    expect(first?.sha256).not.toBe(second?.sha256);
  });

  test('a file that stays unreadable is reported once and kept, and taken when it becomes readable', async () => {
    // Given
    const path = join(watchDir, 'torn.mp4');
    await writeFile(path, 'not yet a video');
    const { source, context } = await begin();
    await waitUntil('the problem', () => source.status().problems.length === 1);
    await twoMoreLooks();
    const [problem] = source.status().problems;
    // When
    await cp(await house.footage(), path);
    await waitUntil('the file to be taken', async () => (await spool.openIds()).length === 2);
    // Then
    expect(problem).toMatchObject({ path, message: expect.stringContaining('not a readable video') });
    expect(context.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await waitUntil('the problem to be gone', () => source.status().problems.length === 0);
    expect((await stat(path)).size).toBeGreaterThan(0);
  });

  test('a folder that is away is awaited, before the start and after it', async () => {
    // Given
    await rm(watchDir, { recursive: true });
    const { source } = await begin();
    const absent = source.status();
    await mkdir(watchDir);
    await put('a.mp4');
    await clips(1);
    const present = source.status().state;
    // When
    await rename(watchDir, `${watchDir}-away`);
    await waitUntil('it to notice', () => source.status().state === 'offline');
    await rename(`${watchDir}-away`, watchDir);
    await twoMoreLooks();
    // Then
    expect(absent).toMatchObject({ state: 'offline', message: expect.stringContaining('ENOENT') });
    expect(present).toBe('watching');
    expect(await spool.openIds()).toHaveLength(2);
  });

  test.each([
    [
      'its list of taken files',
      (spoolHouse: SpoolHouse) =>
        rm(join(spoolHouse.spoolDir, 'state'), { recursive: true }).then(() => mkdir(join(spoolHouse.spoolDir, 'state'))),
    ],
    ['nothing', async () => {}],
  ])('started again after losing %s, it makes no twin', async (_what, lose) => {
    // Given
    for (const name of ['a.mp4', 'b.mp4']) await put(name);
    const first = await begin();
    const before = await clips(2);
    await end(first.source);
    await lose(house);
    // When
    await begin();
    await twoMoreLooks();
    // Then
    const after = await spool.openIds();
    expect(after).toHaveLength(3);
    expect(after).toEqual(expect.arrayContaining(before.map(({ clipId }) => clipId)));
  });

  test('files that arrive out of the order of their times are all taken', async () => {
    // Given
    await begin();
    // When
    for (const [index, name] of ['c.mp4', 'a.mp4', 'b.mp4'].entries()) {
      const path = await put(name);
      await utimes(path, 1_700_000_000 - index * 100, 1_700_000_000 - index * 100);
    }
    // Then
    await clips(3);
    await twoMoreLooks();
    expect(new Set((await spool.openClips()).map(({ recordedStartAt }) => recordedStartAt)).size).toBeGreaterThanOrEqual(4);
  });

  test('follows links to files', async () => {
    // Given
    await symlink(await house.footage(), join(watchDir, 'linked.mp4'));
    // When
    await begin({ take: 'link' });
    // Then
    const [clip] = await clips(1);
    expect((await stat(clip?.path ?? '')).size).toBe(clip?.sizeBytes);
  });

  test('a spool that cannot take a file now is asked again', async () => {
    // Given
    const sink = spool.sink();
    let refusals = 1;
    const failure: SealFailure = { code: 'not_now', message: 'busy' };
    const seal: ClipSink['seal'] = async (recording) => (refusals-- > 0 ? { ok: false, error: failure } : sink.seal(recording));
    // When
    await put('a.mp4');
    await begin({}, { ...sink, seal });
    // Then
    await clips(1);
    expect(refusals).toBeLessThan(0);
  });
});
