import { z } from 'zod';
import { bareUrl } from '../../../kit/bare-url.ts';
import { environmentVariable } from '../../../kit/environment-variable.ts';
import { mailFields } from '../../../mail/mail-fields.ts';

export const configSchema = z
  .strictObject({
    api_key_env: environmentVariable
      .default('SENDGRID_API_KEY')
      .describe('Name of the environment variable with the API key. It needs the right "Mail Send" and no other.'),
    api_base: bareUrl
      .default('https://api.sendgrid.com')
      .describe('Where the API answers. Accounts with their data in the EU: `https://api.eu.sendgrid.com`.'),
    ...mailFields,
    request_timeout_s: z.number().positive().max(25).default(10).describe('How long one request may take.'),
  })
  .refine(({ to_emails, cc_emails, bcc_emails }) => isDistinct([...to_emails, ...cc_emails, ...bcc_emails]), {
    error: 'SendGrid refuses a mail that names an address twice among to, cc and bcc',
    path: ['to_emails'],
  });

export type SendgridConfig = z.output<typeof configSchema>;

const isDistinct = (addresses: readonly string[]): boolean =>
  new Set(addresses.map((address) => address.toLowerCase())).size === addresses.length;
