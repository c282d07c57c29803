import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';

/** Keeps clips in a Dropbox. */
export const dropboxStorage = definePlugin({
  kind: 'storage',
  backend: 'dropbox',
  configSchema,
  create: async (config, context) => {
    const [{ DropboxStorage }, { DropboxLink }] = await Promise.all([
      import('./dropbox-storage.ts'),
      import('./dropbox-link.ts'),
    ]);
    return new DropboxStorage(config, new DropboxLink(config, context), context.tempDir);
  },
});
