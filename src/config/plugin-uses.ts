import type { PluginKind } from '../plugins/spec/plugin.ts';
import type { ConfigPath } from './issue.ts';
import { isMapping } from './yaml-file.ts';

/** One place of the file that names a plugin. */
export interface PluginUse {
  readonly kind: PluginKind;
  /** The mapping that holds `backend` and `config`. */
  readonly path: ConfigPath;
  readonly backend: string;
  readonly config: unknown;
  readonly enabled: boolean;
}

/**
 * Every use of a plugin in a file as it was read, also where other parts of the file are wrong: so all problems can be told
 * at once. A section that names no backend is left to the schema.
 */
export function pluginUsesIn(root: Readonly<Record<string, unknown>>): PluginUse[] {
  const cameras = listOf(root['cameras']).flatMap((camera, index) =>
    isMapping(camera) ? useAt('source', camera['source'], ['cameras', index, 'source'], camera['enabled']) : [],
  );
  const notifiers = listOf(root['notifiers']).flatMap((notifier, index) =>
    isMapping(notifier) ? useAt('notifier', notifier, ['notifiers', index], notifier['enabled']) : [],
  );
  const policy = isMapping(root['alert_policy']) ? root['alert_policy'] : {};
  return [
    ...cameras,
    ...useAt('storage', root['storage'], ['storage']),
    ...notifiers,
    ...useAt('filter', root['filter'], ['filter']),
    ...useAt('analyzer', root['vlm'], ['vlm']),
    ...useAt('policy', { backend: 'default', ...policy }, ['alert_policy'], policy['enabled']),
  ];
}

/** Names of the cameras as written, in order; entries without one are absent. */
export function cameraNamesIn(root: Readonly<Record<string, unknown>>): string[] {
  return listOf(root['cameras']).flatMap((camera) =>
    isMapping(camera) && typeof camera['name'] === 'string' ? [camera['name'].trim()] : [],
  );
}

function useAt(kind: PluginKind, section: unknown, path: ConfigPath, enabled?: unknown): PluginUse[] {
  if (!isMapping(section) || typeof section['backend'] !== 'string') return [];
  const config = section['config'] ?? {};
  return [{ kind, path, backend: section['backend'], config, enabled: enabled !== false }];
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
