import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';
import { DropboxLink } from './dropbox-link.ts';
import { DropboxStorage } from './dropbox-storage.ts';

/** Keeps clips in a Dropbox. */
export const dropboxStorage = definePlugin({
  kind: 'storage',
  backend: 'dropbox',
  configSchema,
  create: (config, context) => new DropboxStorage(config, new DropboxLink(config, context), context.tempDir),
});
