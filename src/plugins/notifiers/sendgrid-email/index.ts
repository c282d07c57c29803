import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';
import { SendgridNotifier } from './sendgrid-notifier.ts';

/** Mails alerts through SendGrid. */
export const sendgridEmailNotifier = definePlugin({
  kind: 'notifier',
  backend: 'sendgrid_email',
  configSchema,
  create: (config, context) => new SendgridNotifier(config, context),
});
