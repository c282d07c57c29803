import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';
import { NtfyNotifier } from './ntfy-notifier.ts';

/** Sends alerts to phones through an ntfy server. */
export const ntfyNotifier = definePlugin({
  kind: 'notifier',
  backend: 'ntfy',
  configSchema,
  create: (config, context) => new NtfyNotifier(config, context),
});
