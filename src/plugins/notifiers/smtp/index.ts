import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';

/** Mails alerts through any SMTP server. */
export const smtpNotifier = definePlugin({
  kind: 'notifier',
  backend: 'smtp',
  configSchema,
  create: async (config, context) => new (await import('./smtp-notifier.ts')).SmtpNotifier(config, context),
});
