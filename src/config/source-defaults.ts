import type { ConfigIssue, ConfigPath } from './issue.ts';
import { listOf } from './plugin-uses.ts';
import { isMapping } from './yaml-file.ts';

type Mapping = Readonly<Record<string, unknown>>;

export interface SpreadDefaults {
  /** The file as it would be if every camera wrote for itself what `source_defaults` says for its backend. */
  readonly root: Mapping;
  /** Defaults that no camera takes. */
  readonly issues: readonly ConfigIssue[];
  /** Where in the file that stands which has this path in `root`. */
  placeOf(path: ConfigPath): ConfigPath;
}

/** Gives each camera the keys of `source_defaults.<backend>` that its own `source.config` does not have. Only whole keys: no deep merge. */
export function spreadSourceDefaults(root: Mapping): SpreadDefaults {
  const written = isMapping(root['source_defaults']) ? root['source_defaults'] : {};
  const defaults = Object.entries(written).filter((entry): entry is [string, Mapping] => isMapping(entry[1]));
  const cameras = listOf(root['cameras']);
  const used = new Set(cameras.map(backendOf));
  const placeOf = (path: ConfigPath): ConfigPath => {
    const [cameraIndex, key] = [path[1], path[4]];
    const isOfSource = path[0] === 'cameras' && path[2] === 'source' && path[3] === 'config' && key !== undefined;
    const camera = typeof cameraIndex === 'number' ? cameras[cameraIndex] : undefined;
    if (!isOfSource || Object.hasOwn(configOf(camera) ?? {}, key)) return path;
    const origin = defaults.find(([backend, keys]) => nameKey(backend) === backendOf(camera) && Object.hasOwn(keys, key));
    return origin === undefined ? path : ['source_defaults', origin[0], ...path.slice(4)];
  };
  return {
    root: defaults.length === 0 ? root : { ...root, cameras: cameras.map((camera) => withDefaults(camera, defaults)) },
    issues: Object.keys(written)
      .filter((backend) => !used.has(nameKey(backend)))
      .map(unusedDefault),
    placeOf,
  };
}

function withDefaults(camera: unknown, defaults: readonly (readonly [string, Mapping])[]): unknown {
  const config = configOf(camera);
  if (config === undefined || !isMapping(camera) || !isMapping(camera['source'])) return camera;
  const inherited = defaults.filter(([backend]) => nameKey(backend) === backendOf(camera));
  const merged = inherited.reduceRight((all, [, keys]) => ({ ...all, ...keys }), {});
  return { ...camera, source: { ...camera['source'], config: { ...merged, ...config } } };
}

const nameKey = (backend: string): string => backend.trim().toLowerCase();

function backendOf(camera: unknown): string | undefined {
  const backend = isMapping(camera) && isMapping(camera['source']) ? camera['source']['backend'] : undefined;
  return typeof backend === 'string' ? nameKey(backend) : undefined;
}

/** undefined where something stands that is no mapping, which is the schema's to report. */
function configOf(camera: unknown): Mapping | undefined {
  const config = isMapping(camera) && isMapping(camera['source']) ? (camera['source']['config'] ?? {}) : undefined;
  return isMapping(config) ? config : undefined;
}

const unusedDefault = (backend: string): ConfigIssue => ({
  code: 'CONFIG_REFERENCES_INVALID',
  path: ['source_defaults', backend],
  what: 'no camera has a source of this backend',
  fix: 'remove it, or write the backend as the cameras do',
});
