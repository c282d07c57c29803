import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';
import { WebhookNotifier } from './webhook-notifier.ts';

/** Sends alerts as JSON to any HTTP server. */
export const webhookNotifier = definePlugin({
  kind: 'notifier',
  backend: 'webhook',
  configSchema,
  create: (config, context) => new WebhookNotifier(config, context),
});
