import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';

/** Mails alerts through SendGrid. */
export const sendgridEmailNotifier = definePlugin({
  kind: 'notifier',
  backend: 'sendgrid_email',
  configSchema,
  create: async (config, context) => new (await import('./sendgrid-notifier.ts')).SendgridNotifier(config, context),
});
