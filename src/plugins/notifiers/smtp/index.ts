import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';
import { SmtpNotifier } from './smtp-notifier.ts';

/** Mails alerts through any SMTP server. */
export const smtpNotifier = definePlugin({
  kind: 'notifier',
  backend: 'smtp',
  configSchema,
  create: (config, context) => new SmtpNotifier(config, context),
});
