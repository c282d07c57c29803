import { definePlugin } from '../../spec/plugin.ts';
import { configSchema } from './config.ts';

/** Keeps clips on a WebDAV server, such as Nextcloud or a NAS. */
export const webdavStorage = definePlugin({
  kind: 'storage',
  backend: 'webdav',
  configSchema,
  create: async (config, context) => {
    const [{ WebdavStorage }, { WebdavLink }] = await Promise.all([import('./webdav-storage.ts'), import('./webdav-link.ts')]);
    return new WebdavStorage(config, new WebdavLink(config, context), context.logger);
  },
});
