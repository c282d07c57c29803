// How a filter takes the suite: call `describeFilter` in a test file with a set-up that makes a new instance and knows three
// files and what is to be seen in them; filters.test.ts shows two. The suite closes the filter before it calls `dispose`.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FilterResult } from '../../src/domain/detection.ts';
import type { Filter, FilterRequest } from '../../src/plugins/spec/filter.ts';
import { gate } from '../support/gate.ts';
import { waitUntil } from '../support/wait-until.ts';

export interface FilterClips {
  /** Shows at least one thing of the wanted class. */
  readonly wanted: string;
  /** Can be played, and shows nothing that the filter reports. */
  readonly empty: string;
  /** A file that is no video. */
  readonly broken: string;
}

export interface FilterSetup {
  readonly filter: Filter;
  /** The class to be seen in `clips.wanted`. */
  readonly wanted: string;
  readonly clips: FilterClips;
  readonly dispose: () => Promise<void>;
}

/** Promises of every filter. `setup` makes a new one for each test. */
export function describeFilter(name: string, setup: () => Promise<FilterSetup>): void {
  describe(`filter ${name}`, () => {
    let given: FilterSetup;
    let filter: Filter;
    beforeEach(async () => {
      given = await setup();
      filter = given.filter;
    });
    afterEach(async () => {
      await filter.close();
      await given.dispose();
    });
    const seenIn = async (path: string): Promise<FilterResult> => {
      const result = await filter.detect(requestFor(path));
      if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
      return result.value;
    };

    test('says what it saw, where, when and with which model', async () => {
      // Given a clip with something in it
      // When
      const seen = await seenIn(given.clips.wanted);
      // Then
      expect(seen.detectedClasses).toContain(given.wanted);
      expect(seen.model).not.toBe('');
      expect(seen.modelSha256).toMatch(/^[0-9a-f]{64}$/);
      expect(seen.sampledFrames).toBeGreaterThan(0);
      for (const { atMs, confidence, box } of seen.detections) {
        expect(atMs).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeGreaterThan(0);
        expect(confidence).toBeLessThanOrEqual(1);
        expect(Math.min(box.x, box.y)).toBeGreaterThanOrEqual(0);
        expect(Math.min(box.width, box.height)).toBeGreaterThan(0);
        expect(Math.max(box.x + box.width, box.y + box.height)).toBeLessThanOrEqual(1 + 1e-6);
      }
    });

    test('names each class once, best first, and the summary agrees with the detections', async () => {
      // Given a clip with something in it
      // When
      const { detectedClasses, detections, confidence } = await seenIn(given.clips.wanted);
      // Then
      const classes = detections.map(({ className }) => className);
      const confidences = detections.map((detection) => detection.confidence);
      expect(new Set(classes).size).toBe(classes.length);
      expect(detectedClasses.toSorted()).toEqual(classes.toSorted());
      expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
      expect(confidence).toBe(confidences[0]);
    });

    test('says of an empty clip that it looked and nothing was there', async () => {
      // Given an empty clip
      // When
      const seen = await seenIn(given.clips.empty);
      // Then
      expect(seen).toMatchObject({ detectedClasses: [], detections: [], confidence: 0 });
      expect(seen.sampledFrames).toBeGreaterThan(0);
    });

    test('never takes what it cannot read for empty', async () => {
      // Given a file that is no video, and none at all
      const { broken, empty } = given.clips;
      // When
      const unreadable = await filter.detect(requestFor(broken));
      const missing = await filter.detect(requestFor(join(empty, '..', 'no-such-clip.mp4')));
      // Then
      expect(unreadable).toMatchObject({ ok: false, error: { code: 'CLIP_UNREADABLE' } });
      expect(missing).toMatchObject({ ok: false, error: { code: expect.stringMatching(/^CLIP_(MISSING|UNREADABLE)$/) } });
    });

    test('goes on working after a clip that it could not read', async () => {
      // Given
      await filter.detect(requestFor(given.clips.broken));
      // When
      const seen = await seenIn(given.clips.wanted);
      // Then
      expect(seen.detectedClasses).toContain(given.wanted);
    });

    test('sees the same in the same clip, also beside another one', async () => {
      // Given
      const alone = await seenIn(given.clips.wanted);
      // When
      const [first, empty, second] = await Promise.all([
        seenIn(given.clips.wanted),
        seenIn(given.clips.empty),
        seenIn(given.clips.wanted),
      ]);
      // Then
      expect(first).toEqual(alone);
      expect(second).toEqual(alone);
      expect(empty.detectedClasses).toEqual([]);
    });

    test('reports the frames done, growing', async () => {
      // Given
      const progress: number[] = [];
      // When
      await filter.detect({ ...requestFor(given.clips.empty), onProgress: (frames) => progress.push(frames) });
      // Then
      expect(progress.length).toBeGreaterThan(0);
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    });

    test('stands back where it is asked to, before each frame, and is done all the same', async () => {
      // Given
      const alone = await seenIn(given.clips.wanted);
      const way = gate();
      let isDone = false;
      // When
      const standing = filter.detect({ ...requestFor(given.clips.wanted), giveWay: way.pass }).finally(() => (isDone = true));
      await waitUntil('asked', () => way.begun() > 0);
      const other = await seenIn(given.clips.wanted);
      // Then
      expect(isDone).toBe(false);
      way.open();
      expect(await standing).toEqual({ ok: true, value: alone });
      expect(other).toEqual(alone);
      expect(way.begun()).toBeGreaterThanOrEqual(alone.sampledFrames);
    });

    test('rejects with the reason when it is called off before or while it works, and works on for others', async () => {
      // Given
      const reason = new Error('called off');
      const controller = new AbortController();
      const begun = { ...requestFor(given.clips.empty), signal: controller.signal, onProgress: () => controller.abort(reason) };
      // When
      const [before, during] = await Promise.allSettled([
        filter.detect({ ...requestFor(given.clips.empty), signal: AbortSignal.abort(reason) }),
        filter.detect(begun),
      ]);
      // Then: a filter may be done before it notices
      expect(before).toEqual({ status: 'rejected', reason });
      if (during.status === 'rejected') expect(during.reason).toBe(reason);
      expect((await seenIn(given.clips.wanted)).detectedClasses).toContain(given.wanted);
    });

    test('rejects with the reason when it is called off where it stands back, and works on for others', async () => {
      // Given one that stands back in its second frame
      const reason = new Error('called off');
      const controller = new AbortController();
      const { promise: calledOff, reject } = Promise.withResolvers<void>();
      controller.signal.addEventListener('abort', () => reject(reason));
      let frames = 0;
      const giveWay = async () => (++frames < 2 ? undefined : calledOff);
      const standing = filter.detect({ ...requestFor(given.clips.wanted), signal: controller.signal, giveWay });
      await waitUntil('standing', () => frames === 2);
      // When
      controller.abort(reason);
      // Then
      await expect(standing).rejects.toBe(reason);
      expect(frames).toBe(2);
      expect((await seenIn(given.clips.wanted)).detectedClasses).toContain(given.wanted);
    });

    test('answers a ping, and can be closed twice', async () => {
      // Given a filter that has worked
      await seenIn(given.clips.empty);
      // When
      const ping = await filter.ping();
      await filter.close();
      // Then
      expect(ping).toEqual({ ok: true, value: undefined });
      await filter.close();
    });
  });
}

const requestFor = (path: string): FilterRequest => ({
  path,
  cameraName: 'Front Door',
  signal: new AbortController().signal,
  onProgress: () => {},
});
