import { z } from 'zod';
import { environmentVariable } from '../../../kit/environment-variable.ts';
import { redactCredentials } from '../../../kit/redact.ts';

/** Names that HTTP, or this channel, sets itself. */
const OWN_HEADERS =
  /^(host|connection|keep-alive|upgrade|expect|te|trailer|transfer-encoding|content-(type|length)|idempotency-key|webhook-(id|timestamp|signature))$/i;

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of an HTTP header')
  .refine((name) => !OWN_HEADERS.test(name), 'is set by HomeSec itself');

/** Names of headers that say of what they hold that it is a secret. */
const SECRET_HEADERS = /^((proxy-)?authorization|cookie|(.+-)?(api-?key|auth|token|secret|password)(-.+)?)$/i;
const openHeaderName = headerName.refine(
  (name) => !SECRET_HEADERS.test(name),
  'holds a secret: name a variable with its value in headers_env',
);

const isWithoutSecrets = (query: string): boolean => redactCredentials(query) === query;

const url = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .refine((text) => URL.parse(text)?.username === '', 'must not carry a user name or password; use headers_env')
  .refine((text) => isWithoutSecrets(URL.parse(text)?.search ?? ''), 'must not carry a token or key; use url_env');

export const configSchema = z
  .strictObject({
    url: url.optional().describe('Where alerts are sent to.'),
    url_env: environmentVariable
      .optional()
      .describe('Instead of `url`: variable with the address, for those whose path is a secret.'),
    method: z.enum(['POST', 'PUT']).default('POST').describe('HTTP method.'),
    headers: z
      .record(openHeaderName, z.string().regex(/^[ -~]*$/, 'must be plain ASCII'))
      .default({})
      .describe('Headers to send along, by name; none that holds a secret.'),
    headers_env: z
      .record(headerName, environmentVariable)
      .default({})
      .describe('The same for secrets: the name of the variable with the value, by header.'),
    secret_env: environmentVariable
      .optional()
      .describe('Variable with the key that signs what is sent: `whsec_` and 24 to 64 bytes in base64. Left out: unsigned.'),
    snapshot: z
      .enum(['none', 'base64', 'multipart'])
      .default('none')
      .describe(
        'The picture, where there is one: as the field `snapshot` of the JSON, or as a part beside it. Where the server refuses it, the alert goes alone.',
      ),
    timeout_s: z.number().positive().max(25).default(10).describe('How long one request may take.'),
  })
  .refine((config) => (config.url === undefined) !== (config.url_env === undefined), {
    error: 'give either url or url_env',
    path: ['url'],
  })
  .refine(({ headers, headers_env }) => isDistinct([...Object.keys(headers), ...Object.keys(headers_env)]), {
    error: 'names a header twice',
    path: ['headers_env'],
  });

export type WebhookConfig = z.output<typeof configSchema>;

const isDistinct = (names: readonly string[]): boolean => new Set(names.map((name) => name.toLowerCase())).size === names.length;
