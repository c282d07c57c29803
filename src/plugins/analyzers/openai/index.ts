import { ACTIVITY_TYPES } from '../../../domain/analysis.ts';
import { definePlugin } from '../../spec/plugin.ts';
import { checkOpenaiAnalyzerConfig } from './check-config.ts';
import { openaiAnalyzerConfigSchema } from './config.ts';

/** Describes clips with a vision-language model behind any OpenAI-compatible server. */
export const openaiAnalyzer = definePlugin({
  kind: 'analyzer',
  backend: 'openai',
  configSchema: openaiAnalyzerConfigSchema,
  checkConfig: checkOpenaiAnalyzerConfig,
  activityTypes: ACTIVITY_TYPES,
  create: async (config, context) => (await import('./openai-analyzer.ts')).createOpenaiAnalyzer(config, context),
});
