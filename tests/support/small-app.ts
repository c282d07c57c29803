import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { createLogger } from '../../src/kit/logger.ts';
import { createTelemetryRelay } from '../../src/kit/telemetry-relay.ts';
import { type AnyPlugin, createRegistry } from '../../src/plugins/registry.ts';
import { type App, foldersOf } from '../../src/runtime/app.ts';
import { createConfigFolder, SMALL_CONFIG } from './config-file.ts';
import { valueOf } from './value-of.ts';

/** An app of the small configuration with a folder of its own for its data. */
export async function createSmallApp(
  plugins: readonly AnyPlugin[],
  change: (config: Config) => Config = (config) => config,
  signal = new AbortController().signal,
): Promise<App & AsyncDisposable> {
  const place = await createConfigFolder();
  const registry = valueOf(createRegistry(plugins));
  const loaded = valueOf(await loadConfig(await place.write('homesec.yaml', SMALL_CONFIG), registry, {}));
  const config = change({ ...loaded.config, data_dir: join(place.folder, 'data') });
  return {
    ...{ config, registry, signal, folders: foldersOf(config), telemetry: createTelemetryRelay() },
    cameraNames: config.cameras.map(({ name }) => name),
    logger: createLogger({ level: 'error', write: () => {} }),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}
