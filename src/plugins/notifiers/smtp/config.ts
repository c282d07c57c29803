import { z } from 'zod';
import { environmentVariable } from '../../../kit/environment-variable.ts';
import { hostName } from '../../../kit/host-name.ts';
import { mailFields } from '../../../mail/mail-fields.ts';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

export const configSchema = z
  .strictObject({
    host: hostName.describe('Host name or address of the mail server.'),
    port: z.int().min(1).max(65_535).optional().describe('Left out: 587, with `security: tls` 465, with `none` 25.'),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe('`starttls`: encrypted, or not sent at all. `tls`: from the first byte. `none`: readable on the network.'),
    ca_file: z
      .string()
      .trim()
      .min(1)
      .optional()
      .describe("PEM file of the authority that signed the server's certificate. Left out: the well-known ones."),
    auth: z
      .strictObject({ username_env: environmentVariable, password_env: environmentVariable })
      .optional()
      .describe('Credentials, by environment variables. Left out: the server takes mail without.'),
    ...mailFields,
    timeout_s: z
      .number()
      .positive()
      .max(25)
      .default(20)
      .describe('How long one mail may take, from connecting to its acceptance.'),
  })
  .refine(({ security, auth, host }) => security !== 'none' || auth === undefined || LOOPBACK.test(host), {
    error: 'would send the password readable over the network; use `starttls` or `tls`',
    path: ['security'],
  });

export type SmtpConfig = z.output<typeof configSchema>;
