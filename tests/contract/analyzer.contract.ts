import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createClipId } from '../../src/domain/ids.ts';
import { RISK_LEVELS } from '../../src/domain/risk.ts';
import { isRetryable } from '../../src/domain/stage-error.ts';
import type { AnalysisRequest, Analyzer } from '../../src/plugins/spec/analyzer.ts';
import type { MadeClip } from '../support/made-clip.ts';
import { filterResult } from '../support/policy-facts.ts';
import { realClip } from '../support/real-clip.ts';

export interface AnalyzerUnderTest {
  readonly analyzer: Analyzer;
  /** The words that the plugin declares. */
  readonly activityTypes: readonly string[];
  /** Takes away what the analyzer depends on; afterwards it can neither analyze nor ping. */
  readonly breakBackend: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What goes into a history and into Postgres at once must stay far below 2 MB. */
const MAX_RESULT_BYTES = 500_000;

/** Promises of every analyzer. `setup` makes one whose backend works, on a real clip. */
export function describeAnalyzer(name: string, setup: () => Promise<AnalyzerUnderTest>): void {
  describe(`analyzer ${name}`, () => {
    let dir: string;
    let clip: MadeClip;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'homesec-contract-'));
      clip = await realClip(dir);
    });
    afterAll(() => rm(dir, { recursive: true }));

    const open = async () => {
      const under = await setup();
      onTestFinished(() => under.close());
      return under;
    };
    const requestOf = (changes: Partial<AnalysisRequest> = {}): AnalysisRequest => ({
      clipId: createClipId('2026-11-23T02:27:00.000Z', 'Front Door', '0123456789abcdef'),
      path: clip.path,
      cameraName: 'Front Door',
      recordedStartAt: '2026-11-23T02:27:00.000Z',
      durationMs: clip.durationMs,
      filter: filterResult(['person']),
      signal: new AbortController().signal,
      onProgress: () => {},
      ...changes,
    });

    test('describes a clip in its declared words, and says with which model and prompt', async () => {
      // Given
      const { analyzer, activityTypes } = await open();
      // When
      const analyzed = await analyzer.analyze(requestOf());
      // Then
      if (!analyzed.ok) throw new Error(analyzed.error.message);
      expect(RISK_LEVELS).toContain(analyzed.value.riskLevel);
      expect(activityTypes).toContain(analyzed.value.activityType);
      expect(analyzed.value.summary).not.toBe('');
      expect(analyzed.value.model).not.toBe('');
      expect(analyzed.value.promptVersion).not.toBe('');
    });

    test('answers with what a history and Postgres can keep', async () => {
      // Given
      const { analyzer } = await open();
      // When
      const analyzed = await analyzer.analyze(requestOf());
      // Then
      const written = JSON.stringify(analyzed);
      expect(JSON.parse(written)).toEqual(analyzed);
      expect(Buffer.byteLength(written)).toBeLessThan(MAX_RESULT_BYTES);
      expect(written).not.toMatch(/\\u0000|\\ud[89a-f]/i);
    });

    test('describes a clip of which the filter knows nothing', async () => {
      // Given
      const { analyzer } = await open();
      const { filter: _filter, ...request } = requestOf();
      // When
      const analyzed = await analyzer.analyze(request);
      // Then
      expect(analyzed.ok).toBe(true);
    });

    test('says that it is at work', async () => {
      // Given
      const { analyzer } = await open();
      const said: string[] = [];
      // When
      await analyzer.analyze(requestOf({ onProgress: (what) => said.push(what) }));
      // Then
      expect(said).not.toEqual([]);
    });

    test('analyzes two clips at once', async () => {
      // Given
      const { analyzer } = await open();
      // When
      const analyzed = await Promise.all([analyzer.analyze(requestOf()), analyzer.analyze(requestOf({ cameraName: 'Garden' }))]);
      // Then
      expect(analyzed.map(({ ok }) => ok)).toEqual([true, true]);
    });

    test.each(['missing', 'no video'])('answers a file that is %s with a permanent failure', async (what) => {
      // Given
      const { analyzer } = await open();
      const path = join(dir, `${what}.mp4`);
      if (what === 'no video') await writeFile(path, 'no video at all');
      // When
      const analyzed = await analyzer.analyze(requestOf({ path }));
      // Then
      if (analyzed.ok) throw new Error('described what is not there');
      expect(isRetryable(analyzed.error.code)).toBe(false);
    });

    test('rejects with the reason when it was called off', async () => {
      // Given
      const { analyzer } = await open();
      const reason = new Error('called off');
      // When
      const analyzing = analyzer.analyze(requestOf({ signal: AbortSignal.abort(reason) }));
      // Then
      await expect(analyzing).rejects.toBe(reason);
    });

    test('answers with a failure worth another try when its backend is gone, and ping says so', async () => {
      // Given
      const { analyzer, breakBackend } = await open();
      const before = await analyzer.ping();
      await breakBackend();
      // When
      const [analyzed, after] = [await analyzer.analyze(requestOf()), await analyzer.ping()];
      // Then
      expect(before.ok).toBe(true);
      expect(after.ok).toBe(false);
      if (analyzed.ok) throw new Error('described without a backend');
      expect(isRetryable(analyzed.error.code)).toBe(true);
      expect(analyzed.error.message).not.toBe('');
    });

    test('can be closed twice, also unused', async () => {
      // Given
      const { analyzer } = await open();
      // When
      const closing = analyzer.close().then(() => analyzer.close());
      // Then
      await expect(closing).resolves.toBeUndefined();
    });
  });
}
