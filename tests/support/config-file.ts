import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { err } from '../../src/domain/result.ts';
import { pluginFailure } from '../../src/domain/stage-error.ts';
import { type AnyPlugin, createRegistry, type Registry } from '../../src/plugins/registry.ts';
import { definePlugin } from '../../src/plugins/spec/plugin.ts';

/** A new folder to hold a configuration, removed with everything in it. */
export async function createConfigFolder() {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'homesec-config-')));
  return {
    folder,
    /** Writes a file that only its owner may read, and gives its path. */
    write: async (name: string, text: string): Promise<string> => {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text, { mode: 0o600 });
      return path;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const away = () => Promise.resolve(err(pluginFailure('UNEXPECTED', 'made for tests of the configuration')));
const closing = { ping: away, close: () => Promise.resolve() };

const folderSource = definePlugin({
  kind: 'source',
  backend: 'folder',
  configSchema: z.strictObject({
    watch_dir: z.string().describe('Folder to watch.'),
    password_env: z.string().optional().describe('Name of an environment variable.'),
  }),
  folders: (config) => [{ path: ['watch_dir'], folder: config.watch_dir, use: 'watch' }],
  create: () => ({
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    status: () => ({ state: 'stopped', problems: [] }),
  }),
});

const diskStorage = definePlugin({
  kind: 'storage',
  backend: 'disk',
  configSchema: z.strictObject({ root: z.string().default('./storage') }),
  folders: (config) => [{ path: ['root'], folder: config.root, use: 'storage' }],
  create: () => ({ put: away, verify: away, get: away, delete: away, ...closing }),
});

const animalFilter = definePlugin({
  kind: 'filter',
  backend: 'animals',
  configSchema: z.strictObject({ classes: z.array(z.enum(['person', 'cat', 'dog'])).default(['person']) }),
  classesOf: (config) => config.classes,
  create: () => ({ detect: away, ...closing }),
});

const wordAnalyzer = definePlugin({
  kind: 'analyzer',
  backend: 'words',
  activityTypes: ['visitor', 'burglar'],
  configSchema: z.strictObject({
    url: z
      .string()
      .refine((url) => url.startsWith('http'), { error: ({ input }) => `${String(input)} is not a URL` })
      .default('http://localhost'),
    api_key_env: z.string().default('API_KEY'),
  }),
  create: () => ({ analyze: away, ...closing }),
});

const quietPolicy = definePlugin({
  kind: 'policy',
  backend: 'default',
  configSchema: z.strictObject({ activity: z.string().optional() }),
  checkConfig: ({ activity }, { activityTypes }) =>
    activity === undefined || activityTypes.includes(activity)
      ? []
      : [{ path: ['activity'], what: 'The analyzer never says so.', fix: 'Use another.' }],
  create: () => ({ decide: () => ({ notify: false, notifyReason: 'quiet' }) }),
});

const bellNotifier = definePlugin({
  kind: 'notifier',
  backend: 'bell',
  configSchema: z.strictObject({}),
  create: () => ({ send: away, ...closing }),
});

/** One small plugin of each kind, so that tests of the core depend on no built-in one. */
export const SMALL_PLUGINS: readonly AnyPlugin[] = [
  folderSource,
  diskStorage,
  animalFilter,
  wordAnalyzer,
  quietPolicy,
  bellNotifier,
];

export function createSmallRegistry(): Registry {
  const registry = createRegistry(SMALL_PLUGINS);
  if (!registry.ok) throw new Error(registry.error.code);
  return registry.value;
}

/** A whole valid configuration for the small plugins. */
export const SMALL_CONFIG = `version: 1
cameras:
  - name: Front Door
    source:
      backend: folder
      config:
        watch_dir: ./incoming
storage:
  backend: disk
filter:
  backend: animals
vlm:
  backend: words
`;

/** The shortest valid configuration for the built-in plugins; other sections may follow it. */
export const SHORTEST_CONFIG = `version: 1
cameras: []
storage: { backend: local, config: { root: ./storage } }
filter: { backend: yolo }
vlm: { backend: openai, run_mode: never, config: { model: none } }
`;
