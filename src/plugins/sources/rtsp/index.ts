import { definePlugin } from '../../spec/plugin.ts';
import { checkRtspConfig } from './check-config.ts';
import { rtspConfigSchema } from './config.ts';
import { createRtspSource } from './rtsp-source.ts';

/** Records an RTSP camera while something moves in front of it. */
export const rtspSource = definePlugin({
  kind: 'source',
  backend: 'rtsp',
  configSchema: rtspConfigSchema,
  checkConfig: checkRtspConfig,
  create: createRtspSource,
});
