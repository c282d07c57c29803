import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { createClipId } from '../../src/domain/ids.ts';
import { openaiAnalyzer } from '../../src/plugins/analyzers/openai/index.ts';
import type { AnalysisRequest } from '../../src/plugins/spec/analyzer.ts';
import type { PluginContext } from '../../src/plugins/spec/plugin.ts';
import { type MadeClip, makeClip } from './made-clip.ts';
import { type OpenaiServer, openOpenaiServer } from './openai-server.ts';
import { createTestContext } from './plugin-context.ts';
import { filterResult } from './policy-facts.ts';

export const KEY = 'sk-very-secret-0123456789';
const NOW = '2026-11-23T12:00:00.000Z';

/** What a test of the analyzer is given: a real clip for all, and a server of its own for each. */
export interface AnalyzerGiven {
  dir: string;
  clip: MadeClip;
  server: OpenaiServer;
}

/** To be called once in a test file. */
export function useAnalyzer() {
  // Filled before the first test.
  const given = {} as AnalyzerGiven;
  beforeAll(async () => {
    given.dir = await mkdtemp(join(tmpdir(), 'homesec-analyzer-'));
    given.clip = await makeClip(given.dir);
  });
  afterAll(() => rm(given.dir, { recursive: true }));
  beforeEach(async () => {
    given.server = await openOpenaiServer();
  });
  afterEach(async () => {
    await given.server.close();
    vi.unstubAllEnvs();
  });

  async function analyzerWith(config: Record<string, unknown> = {}, context: Partial<PluginContext> = {}) {
    const facts = createTestContext({ secrets: { OPENAI_API_KEY: KEY }, clock: { now: () => NOW }, ...context });
    const settings = { base_url: given.server.baseUrl, model: 'vision', max_frames: 4, ...config };
    return { analyzer: await openaiAnalyzer.create(openaiAnalyzer.configSchema.parse(settings), facts), lines: facts.lines };
  }

  const requestOf = (changes: Partial<AnalysisRequest> = {}): AnalysisRequest => ({
    clipId: createClipId('2026-07-05T21:15:00.000Z', 'Front Door', '0123456789abcdef'),
    path: given.clip.path,
    cameraName: 'Front Door',
    recordedStartAt: '2026-07-05T21:15:00.000Z',
    durationMs: given.clip.durationMs,
    filter: filterResult(['person', 'dog']),
    signal: new AbortController().signal,
    onProgress: () => {},
    ...changes,
  });

  async function failureOf(config: Record<string, unknown> = {}) {
    const analyzed = await (await analyzerWith(config)).analyzer.analyze(requestOf());
    if (analyzed.ok) throw new Error('expected a failure');
    return analyzed.error;
  }

  return { given, analyzerWith, requestOf, failureOf };
}
