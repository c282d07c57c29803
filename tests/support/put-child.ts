// A process of its own that stores a file, or many copies of it at once. argv: a `PutOrder` as JSON. Each saved progress is a line of JSON, and so is the end.

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
  /** How many copies at once; left out, one under the key itself. */
  readonly copies?: number;
}

export type PutLine =
  | { readonly progress: unknown }
  | { readonly result: { readonly ok: boolean }; readonly peakMemoryMiB: number; readonly tookMs: number };

const order: PutOrder = JSON.parse(process.argv[2] ?? '');
const { backend, config, secrets, file, key, folder, savedProgress, maxUploadMbps, copies } = order;
const context = createTestContext({ secrets, tempDir: folder, stateDir: folder });
const loaded = await createBuiltinRegistry().loadStoragePlugin(backend, config, context);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
const storage = loaded.value;
const { signal } = new AbortController();
const pace = createPace(maxUploadMbps);
const say = (line: PutLine): void => console.log(JSON.stringify(line));

const put = (target: string) =>
  storage.put(file, target, {
    signal,
    onProgress: () => undefined,
    savedProgress,
    saveProgress: (progress) => say({ progress }),
    pace: (bytes) => pace(bytes, signal),
  });

const startedAt = performance.now();
const keys = copies === undefined ? [key] : Array.from({ length: copies }, (_none, index) => `${key}-${index}`);
const results = await Promise.all(keys.map(put));
const result = results.find(({ ok }) => !ok) ?? results[0] ?? { ok: false };
say({ result, peakMemoryMiB: process.resourceUsage().maxRSS / 1024, tookMs: performance.now() - startedAt });
await storage.close();
