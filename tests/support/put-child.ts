// A process of its own that stores one file. argv: a `PutOrder` as JSON. Each saved progress is a line of JSON, and so is the end.

import { createPace } from '../../src/kit/pace.ts';
import { createBuiltinRegistry } from '../../src/plugins/builtin.ts';
import type { LocalFile } from '../../src/plugins/spec/storage.ts';
import { createTestContext } from './plugin-context.ts';

export interface PutOrder {
  readonly backend: string;
  readonly config: Record<string, unknown>;
  readonly secrets: Record<string, string>;
  readonly file: LocalFile;
  readonly key: string;
  readonly folder: string;
  readonly savedProgress?: unknown;
  readonly maxUploadMbps?: number;
}

export type PutLine =
  | { readonly progress: unknown }
  | { readonly result: { readonly ok: boolean }; readonly peakMemoryMiB: number; readonly tookMs: number };

const order: PutOrder = JSON.parse(process.argv[2] ?? '');
const { backend, config, secrets, file, key, folder, savedProgress, maxUploadMbps } = order;
const context = createTestContext({ secrets, tempDir: folder, stateDir: folder });
const loaded = createBuiltinRegistry().loadStoragePlugin(backend, config, context);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
const { signal } = new AbortController();
const pace = createPace(maxUploadMbps);
const say = (line: PutLine): void => console.log(JSON.stringify(line));

const startedAt = performance.now();
const result = await loaded.value.put(file, key, {
  signal,
  onProgress: () => undefined,
  savedProgress,
  saveProgress: (progress) => say({ progress }),
  pace: (bytes) => pace(bytes, signal),
});
say({ result, peakMemoryMiB: process.resourceUsage().maxRSS / 1024, tookMs: performance.now() - startedAt });
await loaded.value.close();
