import type { ConfigIssue, ConfigPath } from './issue.ts';
import { isMapping } from './yaml-file.ts';

const REMOVE = 'remove it';

/**
 * Keys of other versions of HomeSec that mean nothing in this one. To accept them would promise what does not happen.
 * `*` stands for any key or list position.
 */
const KEYS_WITHOUT_EFFECT: readonly (readonly [path: string, fix: string])[] = [
  ['server', REMOVE],
  ['preview', REMOVE],
  ['talk', REMOVE],
  ['maintenance', REMOVE],
  ['cameras.*.talk', REMOVE],
  ['storage.paths.backups_dir', REMOVE],
  ['storage.paths.artifacts_dir', REMOVE],
  ['state_store.dsn', 'name an environment variable that holds it in state_store.dsn_env, and remove it here'],
  ['concurrency.max_clips_in_flight', 'remove it; upload_workers, filter_workers and vlm_workers limit each stage'],
  ['vlm.preprocessing', 'move its keys to vlm.config'],
];

export function findKeysWithoutEffect(root: unknown): ConfigIssue[] {
  return KEYS_WITHOUT_EFFECT.flatMap(([pattern, fix]) =>
    matches(root, pattern.split('.'), []).map((path) => ({
      code: 'CONFIG_KEY_WITHOUT_EFFECT' as const,
      path,
      what: 'has no effect in this version',
      fix,
    })),
  );
}

function matches(value: unknown, pattern: readonly string[], path: ConfigPath): ConfigPath[] {
  const [segment, ...rest] = pattern;
  if (segment === undefined) return [path];
  if (segment === '*') {
    return Array.isArray(value) ? value.flatMap((item: unknown, index) => matches(item, rest, [...path, index])) : [];
  }
  return isMapping(value) && Object.hasOwn(value, segment) ? matches(value[segment], rest, [...path, segment]) : [];
}
