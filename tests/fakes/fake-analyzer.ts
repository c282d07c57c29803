import { readFile } from 'node:fs/promises';
import type { AnalysisResult } from '../../src/domain/analysis.ts';
import { err, ok, type Result } from '../../src/domain/result.ts';
import { type PluginFailure, pluginFailure } from '../../src/domain/stage-error.ts';
import type { Analyzer } from '../../src/plugins/spec/analyzer.ts';
import { analysisResult } from '../support/policy-facts.ts';

export interface FakeAnalyzer extends Analyzer {
  /** What the next analyses answer with; a failure also fails the ping. */
  answer(next: Result<AnalysisResult, PluginFailure>): void;
}

/** Says the same of every video file, without looking further than at its first bytes. */
export function createFakeAnalyzer(): FakeAnalyzer {
  let next: Result<AnalysisResult, PluginFailure> = ok(analysisResult('low', 'passerby'));
  return {
    answer: (given) => {
      next = given;
    },
    analyze: async ({ path, signal, onProgress }) => {
      signal.throwIfAborted();
      onProgress('faking');
      const bytes = await readFile(path).catch(() => Buffer.alloc(0));
      signal.throwIfAborted();
      // An MP4 file begins with the size of its first box, `ftyp`.
      const isVideo = bytes.subarray(4, 8).toString('latin1') === 'ftyp';
      return isVideo ? next : err(pluginFailure('CLIP_UNREADABLE', `${path} is no MP4 file`));
    },
    ping: async () => (next.ok ? ok(undefined) : next),
    close: async () => {},
  };
}
