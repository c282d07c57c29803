import { resolve } from 'node:path';
import { createFolderIntake } from '../../../intake/folder-intake.ts';
import { takeFile } from '../../../intake/take-file.ts';
import { definePlugin } from '../../spec/plugin.ts';
import { localFolderConfigSchema } from './config.ts';

const BACKEND = 'local_folder';

/** Takes finished video files from a folder that something else fills. */
export const localFolderSource = definePlugin({
  kind: 'source',
  backend: BACKEND,
  configSchema: localFolderConfigSchema,
  folders: (config) => [{ path: ['watch_dir'], folder: config.watch_dir, use: 'watch' }],
  create: (config, context) =>
    createFolderIntake({
      backend: BACKEND,
      listing: {
        watchDir: resolve(config.watch_dir),
        extensions: new Set(config.extensions),
        recursive: config.recursive,
      },
      take: config.take,
      settleMs: config.stability_threshold_s * 1000,
      pollMs: config.poll_interval_s * 1000,
      takeFile,
      context,
    }),
});
