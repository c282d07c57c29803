/**
 * A third-party plugin package for tests that stop a household in mid-stage: every plugin notes in `<gates_dir>/calls.log`
 * that it was called, waits while `<gates_dir>/hold-<stage>` exists, and then works. The storage is the real local one. None
 * can be loaded while `<gates_dir>/not-installed` exists.
 */
import { appendFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ok } from '../../src/domain/result.ts';
import { definePlugin } from '../../src/plugins/spec/plugin.ts';
import { localStorage } from '../../src/plugins/storage/local/index.ts';

const configSchema = z.strictObject({ gates_dir: z.string() });
const storageSchema = configSchema.extend({ root: z.string() });

export type GatedStage = 'upload' | 'filter' | 'vlm' | 'notify';

async function pass(gatesDir: string, stage: GatedStage, keepAlive: () => void): Promise<void> {
  await appendFile(join(gatesDir, 'calls.log'), `${stage}\n`);
  while (await exists(join(gatesDir, `hold-${stage}`))) {
    keepAlive();
    await delay(50);
  }
}

async function loadFrom(gatesDir: string): Promise<void> {
  if (await exists(join(gatesDir, 'not-installed'))) throw new Error('its package is not installed');
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
const idle = { ping: async () => ok(undefined), close: async () => undefined };

const gatedStorage = definePlugin({
  kind: 'storage',
  backend: 'gated',
  configSchema: storageSchema,
  create: async ({ gates_dir, root }, context) => {
    await loadFrom(gates_dir);
    const local = localStorage.create(localStorage.configSchema.parse({ root }), context);
    return {
      put: async (file, key, call) => {
        // Pictures of detections are no uploads.
        if (!key.startsWith('snapshots/')) await pass(gates_dir, 'upload', () => call.onProgress(0));
        return local.put(file, key, call);
      },
      verify: (key, expected, call) => local.verify(key, expected, call),
      get: (key, path, call) => local.get(key, path, call),
      delete: (key) => local.delete(key),
      ping: () => local.ping(),
      close: () => local.close(),
    };
  },
});

const gatedFilter = definePlugin({
  kind: 'filter',
  backend: 'gated',
  configSchema,
  classesOf: () => ['person'],
  create: async ({ gates_dir }) => {
    await loadFrom(gates_dir);
    return {
      detect: async ({ onProgress }) => {
        await pass(gates_dir, 'filter', () => onProgress(0));
        const detection = { className: 'person', confidence: 0.9, box: { x: 0, y: 0, width: 1, height: 1 }, atMs: 0 };
        const model = { model: 'gated', modelSha256: '0'.repeat(64), sampledFrames: 1 };
        return ok({ detectedClasses: ['person'], confidence: 0.9, ...model, detections: [detection] });
      },
      ...idle,
    };
  },
});

const gatedAnalyzer = definePlugin({
  kind: 'analyzer',
  backend: 'gated',
  configSchema,
  activityTypes: ['unknown'],
  create: async ({ gates_dir }) => {
    await loadFrom(gates_dir);
    return {
      analyze: async ({ onProgress }) => {
        await pass(gates_dir, 'vlm', () => onProgress('waiting'));
        const model = { model: 'gated', promptVersion: 'none' };
        return ok({ riskLevel: 'high' as const, activityType: 'unknown', summary: 'Somebody.', ...model });
      },
      ...idle,
    };
  },
});

/** Delivers into `<gates_dir>/alerts.jsonl`. */
const gatedNotifier = definePlugin({
  kind: 'notifier',
  backend: 'gated',
  configSchema,
  create: async ({ gates_dir }) => {
    await loadFrom(gates_dir);
    return {
      send: async (alert) => {
        await pass(gates_dir, 'notify', () => undefined);
        await appendFile(join(gates_dir, 'alerts.jsonl'), `${JSON.stringify(alert)}\n`);
        return ok(undefined);
      },
      ...idle,
    };
  },
});

export const plugins = [gatedStorage, gatedFilter, gatedAnalyzer, gatedNotifier];
