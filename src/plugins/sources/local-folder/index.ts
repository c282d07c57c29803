import { definePlugin } from '../../spec/plugin.ts';
import { localFolderConfigSchema } from './config.ts';
import { createLocalFolderSource } from './local-folder-source.ts';

/** Takes finished video files from a folder that something else fills. */
export const localFolderSource = definePlugin({
  kind: 'source',
  backend: 'local_folder',
  configSchema: localFolderConfigSchema,
  folders: (config) => [{ path: ['watch_dir'], folder: config.watch_dir, use: 'watch' }],
  create: createLocalFolderSource,
});
