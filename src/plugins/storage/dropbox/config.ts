import { z } from 'zod';
import { bareUrl } from '../../../kit/bare-url.ts';
import { environmentVariable } from '../../../kit/environment-variable.ts';

const MIB = 1 << 20;

const server = bareUrl.transform((address) => address.replace(/\/+$/, ''));

export const configSchema = z.strictObject({
  root: z
    .string()
    .trim()
    .regex(/^(\/[^/\\]+)*\/?$/, 'must be a path that begins with `/`')
    .default('')
    .transform((path) => path.replace(/\/$/, ''))
    .describe(
      'Folder for everything stored, such as `/HomeSec`. Left out: the top, which for an app with a folder of its own is that folder.',
    ),
  refresh_token_env: environmentVariable
    .default('DROPBOX_REFRESH_TOKEN')
    .describe('Variable with the refresh token, which does not expire. When it is not set, `token_env` is used.'),
  app_key_env: environmentVariable
    .default('DROPBOX_APP_KEY')
    .describe("Variable with the app's key; goes with the refresh token."),
  app_secret_env: environmentVariable
    .default('DROPBOX_APP_SECRET')
    .describe("Variable with the app's secret. An app that was authorised by PKCE has none."),
  token_env: environmentVariable
    .default('DROPBOX_TOKEN')
    .describe('Variable with an access token. Those end after four hours: to try it out.'),
  chunk_size_bytes: z
    .int()
    .min(4 * MIB)
    .max(128 * MIB)
    .multipleOf(4 * MIB)
    .default(8 * MIB)
    .describe('What is sent in one request, and lost when the connection breaks. Multiples of 4 MiB.'),
  timeout_s: z.number().min(1).max(600).default(60).describe('How long Dropbox may be silent within one request.'),
  api_url: server.default('https://api.dropboxapi.com').describe('Only for tests against a server of your own.'),
  content_url: server.default('https://content.dropboxapi.com').describe('Only for tests against a server of your own.'),
});

export type DropboxConfig = z.output<typeof configSchema>;
