import { definePlugin } from '../../spec/plugin.ts';
import { configSchema, resolveRoot, rootOf } from './config.ts';
import { LocalStorage } from './local-storage.ts';
import { StorageRoot } from './root.ts';

/** Keeps clips in a folder: a disk of this computer, or a network share mounted on it. */
export const localStorage = definePlugin({
  kind: 'storage',
  backend: 'local',
  configSchema,
  create: (config, context) => new LocalStorage(new StorageRoot(resolveRoot(config), context.stateDir)),
  folders: (config) => [{ path: ['root'], folder: rootOf(config), use: 'storage' }],
});
