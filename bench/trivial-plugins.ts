/**
 * A third-party plugin package in which every plugin answers at once, so that what a clip costs is the pipeline alone: a
 * storage that keeps nothing, a filter that sees a person, an analyzer that finds a high risk, a channel that takes every
 * alert. Its source seals each file that is moved into its folder, as a recorder does that has just closed the file.
 */
import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ok } from '../src/domain/result.ts';
import { definePlugin } from '../src/plugins/spec/plugin.ts';

const nothing = z.strictObject({});
const works = { ping: async () => ok(undefined), close: async () => undefined };

const dropSource = definePlugin({
  kind: 'source',
  backend: 'bench',
  configSchema: z.strictObject({ dir: z.string() }),
  create: ({ dir }, { cameraName = '', clock, logger }) => {
    let watcher: FSWatcher | undefined;
    const taken = new Set<string>();
    return {
      start: async (sink) => {
        mkdirSync(dir, { recursive: true });
        watcher = watch(dir, (_event, name) => {
          // A move out of the folder tells the same as one into it.
          if (name === null || taken.has(name)) return;
          taken.add(name);
          const recordedStartAt = clock.now();
          const file = { path: join(dir, name), take: 'move', durationMs: 1_000 } as const;
          const recording = { cameraName, sourceBackend: 'bench', identity: name, recordedStartAt, ...file };
          void sink.seal(recording).then((sealed) => {
            if (!sealed.ok) logger.error({ name, error: sealed.error.message }, 'not sealed');
          });
        });
      },
      stop: async () => watcher?.close(),
      status: () => ({ state: watcher === undefined ? 'starting' : 'watching', problems: [] }),
    };
  },
});

const emptyStorage = definePlugin({
  kind: 'storage',
  backend: 'bench',
  configSchema: nothing,
  create: () => {
    const stored = (key: string) => ok({ storageUri: `bench:${key}` });
    return {
      put: async (_file, key) => stored(key),
      verify: async (key) => stored(key),
      get: async () => ok(undefined),
      delete: async () => ok(undefined),
      ...works,
    };
  },
});

const seeingFilter = definePlugin({
  kind: 'filter',
  backend: 'bench',
  configSchema: nothing,
  classesOf: () => ['person'],
  create: () => ({
    // It says nothing of where: drawing a picture of it would be work of ffmpeg's, once per clip.
    detect: async () => {
      const model = { model: 'bench', modelSha256: '0'.repeat(64), sampledFrames: 20 };
      return ok({ detectedClasses: ['person'], confidence: 0.9, ...model, detections: [] });
    },
    ...works,
  }),
});

const quickAnalyzer = definePlugin({
  kind: 'analyzer',
  backend: 'bench',
  configSchema: nothing,
  activityTypes: ['unknown'],
  create: () => ({
    analyze: async () => {
      const told = { riskLevel: 'high', activityType: 'unknown', summary: 'Somebody walks up to the door.' } as const;
      return ok({ ...told, model: 'bench', promptVersion: 'none' });
    },
    ...works,
  }),
});

const takingNotifier = definePlugin({
  kind: 'notifier',
  backend: 'bench',
  configSchema: nothing,
  create: () => ({ send: async () => ok(undefined), ...works }),
});

export const plugins = [dropSource, emptyStorage, seeingFilter, quickAnalyzer, takingNotifier];
