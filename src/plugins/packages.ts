import { readFile } from 'node:fs/promises';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { err, ok, type Result } from '../domain/result.ts';
import type { AnyPlugin } from './registry.ts';
import type { PluginKind } from './spec/plugin.ts';

export interface PackageProblem {
  readonly what: string;
  readonly fix: string;
}

const KINDS: readonly PluginKind[] = ['source', 'storage', 'filter', 'analyzer', 'policy', 'notifier'];

/**
 * The plugins of a third-party package: its main module exports `plugins`, a list of what `definePlugin` returns.
 * @param name an npm package, or a path beginning with `./` or `../`.
 * @param folder where the package is looked for: the folder of the configuration file, and those above it.
 */
export async function importPlugins(name: string, folder: string): Promise<Result<readonly AnyPlugin[], PackageProblem>> {
  const entry = await findEntry(name, folder);
  if (entry === undefined) {
    return err({ what: 'the package is not installed', fix: 'run `npm install` with its name in the folder of this file' });
  }
  const module = await importModule(entry);
  if (!module.ok) return module;
  const plugins = isObject(module.value) ? module.value['plugins'] : undefined;
  if (!Array.isArray(plugins)) {
    return err({ what: 'the package exports no list named `plugins`', fix: 'export const plugins = [definePlugin(…)] in it' });
  }
  const broken = plugins.findIndex((plugin) => !isPlugin(plugin));
  if (broken >= 0) {
    return err({ what: `entry ${broken} of its \`plugins\` is not a plugin`, fix: 'see docs/guide/plugins.md for its parts' });
  }
  return ok(plugins.filter(isPlugin));
}

async function importModule(entry: string): Promise<Result<unknown, PackageProblem>> {
  try {
    const module: unknown = await import(pathToFileURL(entry).href);
    return ok(module);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : 'unknown error';
    return err({ what: `the package cannot be loaded (${reason})`, fix: 'update, repair or remove it' });
  }
}

/** `require.resolve` misses packages that only export to `import`, so their package.json is read as well. */
async function findEntry(name: string, folder: string): Promise<string | undefined> {
  if (/^\.{1,2}\//.test(name)) return resolve(folder, name);
  const base = pathToFileURL(join(folder, 'package.json'));
  try {
    return createRequire(base).resolve(name);
  } catch {
    return importEntry(name, base);
  }
}

async function importEntry(name: string, base: URL): Promise<string | undefined> {
  try {
    const manifestPath = findPackageJSON(name, base);
    if (manifestPath === undefined) return undefined;
    const manifest: unknown = JSON.parse(await readFile(manifestPath, 'utf8'));
    const target = isObject(manifest) ? targetOf(manifest['exports']) : undefined;
    return target === undefined ? undefined : join(dirname(manifestPath), target);
  } catch {
    return undefined;
  }
}

function targetOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (!isObject(exports)) return undefined;
  return targetOf(exports['.'] ?? exports['node'] ?? exports['import'] ?? exports['default']);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function isPlugin(value: unknown): value is AnyPlugin {
  if (!isObject(value)) return false;
  const { kind, backend, configSchema, create } = value;
  const isNamed = KINDS.some((known) => known === kind) && typeof backend === 'string' && /^[a-z][a-z0-9_]*$/.test(backend);
  return isNamed && isObject(configSchema) && typeof configSchema['safeParse'] === 'function' && typeof create === 'function';
}
