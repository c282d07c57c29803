import { join } from 'node:path';
import { definePlugin } from '../../spec/plugin.ts';
import { checkTogether } from './check-together.ts';
import { ftpConfigSchema } from './config.ts';
import { BACKEND, createFtpSource } from './ftp-source.ts';
import { createServerPool } from './server-pool.ts';

/** Instances of one process share their servers. */
const servers = createServerPool();

/** Takes what cameras upload over FTP or FTPS. */
export const ftpSource = definePlugin({
  kind: 'source',
  backend: BACKEND,
  configSchema: ftpConfigSchema,
  checkTogether,
  folders: ({ root_dir: rootDir, user }) =>
    rootDir === undefined ? [] : [{ path: ['root_dir'], folder: join(rootDir, user), use: 'watch' }],
  create: (config, context) => createFtpSource(config, context, servers),
});
