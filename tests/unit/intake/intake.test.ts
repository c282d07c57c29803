import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SeenFile } from '../../../src/intake/list-folder.ts';
import { manifestPath, openManifest } from '../../../src/intake/manifest.ts';
import { createProblemList } from '../../../src/intake/problem-list.ts';
import { recordedStartOf } from '../../../src/intake/recorded-start.ts';
import { createStability } from '../../../src/intake/stability.ts';
import { createWakeUp } from '../../../src/intake/wake-up.ts';

const file = (name: string, sizeBytes = 1, mtimeMs = 1_000): SeenFile => ({ path: `/w/${name}`, name, sizeBytes, mtimeMs });

describe('stability', () => {
  test('a file settles when it has not changed for the threshold, counted from the last change', () => {
    // Given
    const stability = createStability(3_000);
    stability.observe([file('a', 1)], 0);
    stability.observe([file('a', 2)], 2_000);
    // When
    stability.observe([file('a', 2)], 4_999);
    const early = stability.settled(4_999);
    const nextMs = stability.nextMs(4_999);
    stability.observe([file('a', 2)], 5_000);
    // Then
    expect(early).toEqual([]);
    expect(nextMs).toBe(5_000);
    expect(stability.settled(5_000)).toEqual([file('a', 2)]);
  });

  test('a change of the time alone counts as a change, and an old time does not count as stable', () => {
    // Given
    const stability = createStability(3_000);
    stability.observe([file('a', 1, 5), file('old', 1, 1)], 0);
    // When
    stability.observe([file('a', 1, 6), file('old', 1, 1)], 2_999);
    // Then
    expect(stability.settled(2_999)).toEqual([]);
    expect(stability.settled(3_000)).toEqual([file('old', 1, 1)]);
  });

  test('a file that vanishes and comes back starts anew', () => {
    // Given
    const stability = createStability(3_000);
    stability.observe([file('a')], 0);
    stability.observe([], 1_000);
    // When
    stability.observe([file('a')], 3_500);
    // Then
    expect(stability.settled(3_500)).toEqual([]);
  });
});

describe('start of the recording', () => {
  const mtimeMs = Date.parse('2026-11-23T02:30:00.000Z');
  test.each([
    ['what the container says', '2026-11-23T02:29:00.000Z', '2026-11-23T02:29:00.000Z'],
    ['what the container says, long before the copy was written', '2024-02-29T12:00:00.000Z', '2024-02-29T12:00:00.000Z'],
    ['the time of the file, when the container says nothing', undefined, '2026-11-23T02:29:50.000Z'],
    ['the time of the file, when the camera has no clock', '1999-12-31T23:59:59.000Z', '2026-11-23T02:29:50.000Z'],
    ['the time of the file, when the camera is ahead of it', '2026-11-23T03:30:00.000Z', '2026-11-23T02:29:50.000Z'],
  ])('is %s', (_what, createdAt, expected) => {
    // Given
    const facts = { durationMs: 10_000, ...(createdAt === undefined ? {} : { createdAt }) };
    // When
    const start = recordedStartOf(facts, mtimeMs);
    // Then
    expect(start).toBe(expected);
  });
});

describe('list of taken files', () => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'homesec-manifest-'));
  });
  afterEach(() => rm(dir, { recursive: true }));
  const open = async () => (await openManifest(join(dir, 'list.json'))).manifest;
  const [now, hourLater, twoDaysLater] = ['2026-11-23T00:00:00.000Z', '2026-11-23T01:00:00.000Z', '2026-11-25T00:00:00.000Z'];

  test('knows a file by path, size and time, across restarts, and never by its stem', async () => {
    // Given
    const manifest = await open();
    manifest.add(file('day1/0001.mp4'), 'aa');
    await manifest.save();
    // When
    const next = await open();
    // Then
    expect(next.has(file('day1/0001.mp4'))).toBe(true);
    expect(next.has(file('day2/0001.mp4'))).toBe(false);
    expect(next.has(file('day1/0001.mkv'))).toBe(false);
    expect(next.has(file('day1/0001.mp4', 2))).toBe(false);
    expect(next.has(file('day1/0001.mp4', 1, 1_001))).toBe(false);
  });

  test('in doubt the content decides: touched or moved is the same file, copied is another', async () => {
    // Given
    const manifest = await open();
    manifest.add(file('a.mp4'), 'aa');
    manifest.add(file('gone.mp4'), 'bb');
    manifest.reconcile([file('a.mp4')], now);
    // When
    const touched = manifest.findMoved(file('a.mp4', 1, 9_000), 'aa');
    const rewritten = manifest.findMoved(file('a.mp4', 1, 9_000), 'cc');
    const moved = manifest.findMoved(file('new.mp4'), 'bb');
    const copiedLater = manifest.findMoved(file('new.mp4', 1, 9_000), 'bb');
    const copied = manifest.findMoved(file('copy.mp4'), 'aa');
    // Then
    expect([touched, rewritten, moved, copiedLater, copied]).toEqual(['a.mp4', undefined, 'gone.mp4', undefined, undefined]);
  });

  test('forgets files that are gone for long, not those on a share that was away for an hour', async () => {
    // Given
    const manifest = await open();
    manifest.add(file('a.mp4'), 'aa');
    manifest.reconcile([], now);
    // When
    manifest.reconcile([file('a.mp4')], hourLater);
    const afterReturn = manifest.has(file('a.mp4'));
    manifest.reconcile([], hourLater);
    manifest.reconcile([], twoDaysLater);
    await manifest.save();
    // Then
    expect(afterReturn).toBe(true);
    expect(await readFile(join(dir, 'list.json'), 'utf8')).toBe('{"version":1,"files":{}}');
  });

  test('a damaged list is said to be damaged, and taken as empty', async () => {
    // Given
    await writeFile(join(dir, 'list.json'), '{"version":1,"files":{"a":');
    // When
    const { manifest, damage } = await openManifest(join(dir, 'list.json'));
    // Then
    expect(damage).toBeTypeOf('string');
    expect(manifest.has(file('a'))).toBe(false);
  });

  test('two cameras, and two folders of one, have lists of their own', () => {
    // Given
    const places = [
      ['Front Door', '/a'],
      ['front-door', '/a'],
      ['Front Door', '/b'],
    ] as const;
    // When
    const paths = places.map(([cameraName, watchDir]) =>
      manifestPath({ stateDir: '/state', backend: 'local_folder', cameraName, watchDir }),
    );
    // Then
    expect(new Set(paths).size).toBe(3);
  });
});

describe('files that cannot be taken', () => {
  const at = (nowMs: number) => ({ now: '2026-11-23T00:00:00.000Z', nowMs });

  test('each is news once, and tried again less and less often', () => {
    // Given
    const problems = createProblemList();
    const waits: number[] = [];
    // When
    const news = [0, 1, 2, 3, 4, 5, 6, 7].map(() => {
      const isNews = problems.add(file('a'), 'unreadable', at(0));
      waits.push(problems.nextMs(0) ?? -1);
      return isNews;
    });
    // Then
    expect(news).toEqual([true, false, false, false, false, false, false, false]);
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    expect(problems.list()).toEqual([{ path: '/w/a', message: 'unreadable', since: '2026-11-23T00:00:00.000Z' }]);
  });

  test('one that changes or vanishes is no longer a problem', () => {
    // Given
    const problems = createProblemList();
    for (const name of ['same', 'changed', 'gone']) problems.add(file(name), 'unreadable', at(0));
    // When
    problems.reconcile([file('same'), file('changed', 2)]);
    // Then
    expect(problems.list().map(({ path }) => path)).toEqual(['/w/same']);
    expect(problems.isWaiting('changed', 0)).toBe(false);
  });
});

describe('wake-up', () => {
  test('events that keep coming do not push the wait away', async () => {
    // Given
    const wakeUp = createWakeUp();
    const burst = setInterval(() => wakeUp.soon(50), 5);
    // When
    await wakeUp.within(3_600_000);
    clearInterval(burst);
    // Then: it came back at all.
    expect(true).toBe(true);
  });

  test('an event between two waits ends the next one; once over, no wait holds', async () => {
    // Given
    const wakeUp = createWakeUp();
    wakeUp.soon(1);
    await wakeUp.within(3_600_000);
    // When
    wakeUp.forGood();
    // Then
    await wakeUp.within(3_600_000);
    await wakeUp.within(3_600_000);
  });
});
