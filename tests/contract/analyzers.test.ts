import { ACTIVITY_TYPES } from '../../src/domain/analysis.ts';
import { err } from '../../src/domain/result.ts';
import { pluginFailure } from '../../src/domain/stage-error.ts';
import { openVlmStandIn } from '../../src/embedded/vlm-stand-in.ts';
import { openaiAnalyzer } from '../../src/plugins/analyzers/openai/index.ts';
import { createFakeAnalyzer } from '../fakes/fake-analyzer.ts';
import { openOpenaiServer } from '../support/openai-server.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { describeAnalyzer } from './analyzer.contract.ts';

async function openaiAt(server: { readonly baseUrl: string; close(): Promise<void> }) {
  const config = openaiAnalyzer.configSchema.parse({
    base_url: server.baseUrl,
    api_key_env: null,
    model: 'vision',
    max_frames: 4,
  });
  return {
    analyzer: await openaiAnalyzer.create(config, createTestContext()),
    activityTypes: openaiAnalyzer.activityTypes ?? [],
    breakBackend: () => server.close(),
    close: () => server.close(),
  };
}

describeAnalyzer('openai', async () => openaiAt(await openOpenaiServer()));
describeAnalyzer('openai with the stand-in', async () => openaiAt(await openVlmStandIn()));
describeAnalyzer('fake', async () => {
  const analyzer = createFakeAnalyzer();
  return {
    analyzer,
    activityTypes: ACTIVITY_TYPES,
    breakBackend: async () => analyzer.answer(err(pluginFailure('VLM_UNREACHABLE', 'gone'))),
    close: () => analyzer.close(),
  };
});
