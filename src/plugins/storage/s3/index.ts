import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';

/** Keeps clips in a bucket of AWS S3 or of a server that speaks its protocol. */
export const s3Storage = definePlugin({
  kind: 'storage',
  backend: 's3',
  configSchema,
  create: async (config, context) => {
    const [{ S3Storage }, { S3Link }] = await Promise.all([import('./s3-storage.ts'), import('./s3-link.ts')]);
    return new S3Storage(config, new S3Link(config, context), context.logger);
  },
});
