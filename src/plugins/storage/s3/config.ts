import { z } from 'zod';
import { bareUrl } from '../../../kit/bare-url.ts';
import { environmentVariable } from '../../../kit/environment-variable.ts';

const MIB = 1 << 20;

export const configSchema = z
  .strictObject({
    bucket: z.string().trim().min(3).max(63).describe('The bucket. It has to exist.'),
    prefix: z
      .string()
      .trim()
      .regex(/^([^/\\]+(\/[^/\\]+)*)?\/?$/, 'must be a path that does not begin with `/`')
      .default('')
      .transform((path) => path.replace(/\/$/, ''))
      .describe('Folder in the bucket for everything stored, such as `homesec`. Left out: the top.'),
    endpoint: bareUrl
      .optional()
      .describe('Address of a server that is not AWS, such as `https://s3.example.com`. Left out: AWS.'),
    region: z.string().trim().min(1).default('us-east-1').describe('Region of the bucket; many servers take any.'),
    path_style: z
      .boolean()
      .optional()
      .describe('Whether the bucket stands in the path and not in the host name. Left out: `true` with an `endpoint`.'),
    access_key_env: environmentVariable.default('AWS_ACCESS_KEY_ID').describe('Variable with the id of the access key.'),
    secret_key_env: environmentVariable.default('AWS_SECRET_ACCESS_KEY').describe('Variable with the secret of the access key.'),
    part_size_bytes: z
      .int()
      .min(5 * MIB)
      .max(512 * MIB)
      .default(16 * MIB)
      .describe('What is sent in one request, and lost when the connection breaks. A file has at most 10,000 parts.'),
    link_expires_s: z.int().min(60).max(604_800).default(86_400).describe('How long a link to a clip works. At most seven days.'),
    timeout_s: z.number().min(1).max(600).default(60).describe('How long the server may be silent within one request.'),
  })
  .transform((config) => ({ ...config, path_style: config.path_style ?? config.endpoint !== undefined }));

export type S3Config = z.output<typeof configSchema>;
