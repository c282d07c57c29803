import type { ZodError, ZodType } from 'zod';
import { assertNever } from '../domain/assert-never.ts';
import type { MotionRecording } from '../domain/motion-recording.ts';
import { nearestTo } from '../domain/nearest.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { Analyzer } from './spec/analyzer.ts';
import type { Filter } from './spec/filter.ts';
import type { Notifier } from './spec/notifier.ts';
import type {
  ConfigFacts,
  ConfigProblem,
  Creation,
  PluginContext,
  PluginKind,
  PluginKinds,
  SharedConfigProblem,
  UsedFolder,
} from './spec/plugin.ts';
import type { Policy } from './spec/policy.ts';
import type { ClipSource } from './spec/source.ts';
import type { Storage } from './spec/storage.ts';

/**
 * A plugin whose config type is forgotten: every `Plugin<Kind, Config>` is one. Its methods may only be called with what
 * its own `configSchema` returned; only the registry and the loading of the configuration do.
 */
export interface AnyPlugin<Kind extends PluginKind = PluginKind> {
  readonly kind: Kind;
  readonly backend: string;
  readonly configSchema: ZodType;
  create(config: unknown, context: PluginContext): Creation<Kind>;
  checkConfig?(config: unknown, facts: ConfigFacts): readonly ConfigProblem[];
  checkTogether?(configs: readonly unknown[]): readonly SharedConfigProblem[];
  recordingOf?(config: unknown): MotionRecording;
  folders?(config: unknown): readonly UsedFolder[];
  readonly activityTypes?: readonly string[];
  classesOf?(config: unknown): readonly string[];
}

export interface UnknownPlugin {
  readonly code: 'unknown_plugin';
  readonly kind: PluginKind;
  readonly backend: string;
  /** What there is of this kind, sorted. */
  readonly available: readonly string[];
  readonly nearest?: string;
}

export interface InvalidPluginConfig {
  readonly code: 'invalid_config';
  readonly kind: PluginKind;
  readonly backend: string;
  readonly issues: ZodError['issues'];
}

export type PluginLoadProblem = UnknownPlugin | InvalidPluginConfig;

/** Two plugins of one kind under one name. */
export interface PluginCollision {
  readonly code: 'plugin_collision';
  readonly kind: PluginKind;
  readonly backend: string;
}

type Load<Kind extends PluginKind, Instance extends PluginKinds[Kind]> = (
  backend: string,
  config: unknown,
  context: PluginContext,
) => Promise<Result<Instance, PluginLoadProblem>>;

/** All plugins of this process by kind and name. Names are case-insensitive. */
export interface Registry {
  readonly plugins: readonly AnyPlugin[];
  find<Kind extends PluginKind>(kind: Kind, backend: string): Result<AnyPlugin<Kind>, UnknownPlugin>;
  namesOf(kind: PluginKind): readonly string[];
  readonly loadSourcePlugin: Load<'source', ClipSource>;
  readonly loadStoragePlugin: Load<'storage', Storage>;
  readonly loadFilterPlugin: Load<'filter', Filter>;
  readonly loadAnalyzerPlugin: Load<'analyzer', Analyzer>;
  readonly loadPolicyPlugin: Load<'policy', Policy>;
  readonly loadNotifierPlugin: Load<'notifier', Notifier>;
}

export function createRegistry(plugins: readonly AnyPlugin[]): Result<Registry, PluginCollision> {
  const collision = findCollision(plugins);
  if (collision !== undefined) return err(collision);

  const namesOf = (kind: PluginKind) =>
    plugins
      .filter((plugin) => plugin.kind === kind)
      .map((plugin) => plugin.backend)
      .toSorted();
  const find = <Kind extends PluginKind>(kind: Kind, backend: string): Result<AnyPlugin<Kind>, UnknownPlugin> => {
    const wanted = nameKey(backend);
    const found = plugins.filter((plugin) => isOfKind(plugin, kind)).find((plugin) => nameKey(plugin.backend) === wanted);
    return found === undefined ? err(unknownPlugin(kind, backend, namesOf(kind))) : ok(found);
  };
  const loader =
    <Kind extends PluginKind>(kind: Kind) =>
    async (backend: string, config: unknown, context: PluginContext): Promise<Result<PluginKinds[Kind], PluginLoadProblem>> => {
      const plugin = find(kind, backend);
      return plugin.ok ? createInstance(plugin.value, config, context) : plugin;
    };

  return ok({
    plugins,
    find,
    namesOf,
    loadSourcePlugin: loader('source'),
    loadStoragePlugin: loader('storage'),
    loadFilterPlugin: loader('filter'),
    loadAnalyzerPlugin: loader('analyzer'),
    loadPolicyPlugin: loader('policy'),
    loadNotifierPlugin: loader('notifier'),
  });
}

/** A problem of loading as one sentence. It never repeats a configured value. */
export function describeLoadProblem(problem: PluginLoadProblem | PluginCollision): string {
  switch (problem.code) {
    case 'unknown_plugin': {
      const meant = problem.nearest === undefined ? '' : ` Did you mean ${problem.nearest}?`;
      return `There is no ${problem.kind} plugin of this name.${meant} Available: ${problem.available.join(', ') || 'none'}.`;
    }
    case 'invalid_config': {
      const places = problem.issues.map((issue) => issue.path.join('.') || 'config').join(', ');
      return `The config of ${problem.kind} plugin ${problem.backend} is not valid at: ${places}.`;
    }
    case 'plugin_collision':
      return `Two ${problem.kind} plugins are named ${problem.backend}.`;
    default:
      return assertNever(problem);
  }
}

const nameKey = (backend: string): string => backend.trim().toLowerCase();

const isOfKind = <Kind extends PluginKind>(plugin: AnyPlugin, kind: Kind): plugin is AnyPlugin<Kind> => plugin.kind === kind;

function findCollision(plugins: readonly AnyPlugin[]): PluginCollision | undefined {
  const seen = new Set<string>();
  for (const { kind, backend } of plugins) {
    const key = `${kind} ${nameKey(backend)}`;
    if (seen.has(key)) return { code: 'plugin_collision', kind, backend };
    seen.add(key);
  }
  return undefined;
}

function unknownPlugin(kind: PluginKind, backend: string, available: readonly string[]): UnknownPlugin {
  const nearest = nearestTo(backend, available);
  return { code: 'unknown_plugin', kind, backend, available, ...(nearest === undefined ? {} : { nearest }) };
}

async function createInstance<Kind extends PluginKind>(
  plugin: AnyPlugin<Kind>,
  config: unknown,
  context: PluginContext,
): Promise<Result<PluginKinds[Kind], InvalidPluginConfig>> {
  const parsed = plugin.configSchema.safeParse(config);
  if (parsed.success) return ok(await plugin.create(parsed.data, context));
  return err({ code: 'invalid_config', kind: plugin.kind, backend: plugin.backend, issues: parsed.error.issues });
}
