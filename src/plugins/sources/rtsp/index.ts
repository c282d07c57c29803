import { definePlugin } from '../../spec/plugin.ts';
import { checkRtspConfig } from './check-config.ts';
import { rtspConfigSchema } from './config.ts';
import { motionSettingsOf } from './motion-config.ts';
import { createRtspSource } from './rtsp-source.ts';

/** Records an RTSP camera while something moves in front of it. */
export const rtspSource = definePlugin({
  kind: 'source',
  backend: 'rtsp',
  configSchema: rtspConfigSchema,
  checkConfig: checkRtspConfig,
  recordingOf: ({ motion, recording, stream }) => ({
    motion: motionSettingsOf(motion),
    detectFps: stream.detect_fps,
    preRollMs: recording.pre_roll_s * 1_000,
    stopDelayMs: recording.stop_delay_s * 1_000,
  }),
  create: createRtspSource,
});
