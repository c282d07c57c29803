import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';
import { S3Link } from './s3-link.ts';
import { S3Storage } from './s3-storage.ts';

/** Keeps clips in a bucket of AWS S3 or of a server that speaks its protocol. */
export const s3Storage = definePlugin({
  kind: 'storage',
  backend: 's3',
  configSchema,
  create: (config, context) => new S3Storage(config, new S3Link(config, context), context.logger),
});
