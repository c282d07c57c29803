import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';
import { WebdavLink } from './webdav-link.ts';
import { WebdavStorage } from './webdav-storage.ts';

/** Keeps clips on a WebDAV server, such as Nextcloud or a NAS. */
export const webdavStorage = definePlugin({
  kind: 'storage',
  backend: 'webdav',
  configSchema,
  create: (config, context) => new WebdavStorage(config, new WebdavLink(config, context), context.logger),
});
