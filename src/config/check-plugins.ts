import { nearestTo } from '../domain/nearest.ts';
import type { AnyPlugin, Registry } from '../plugins/registry.ts';
import type { ConfigFacts, ConfigProblem } from '../plugins/spec/plugin.ts';
import { explainIssues } from './explain.ts';
import type { ConfigIssue } from './issue.ts';
import { cameraNamesIn, listOf, type PluginUse, pluginUsesIn } from './plugin-uses.ts';
import { isMapping } from './yaml-file.ts';

/** A use of a plugin whose config its schema accepted. */
export interface ParsedUse {
  readonly use: PluginUse;
  readonly plugin: AnyPlugin;
  readonly config: unknown;
}

export interface PluginCheck {
  readonly parsed: readonly ParsedUse[];
  readonly issues: readonly ConfigIssue[];
  /** Absent when filter or analyzer are not known well enough to say. */
  readonly facts?: ConfigFacts;
}

/** Where relative paths start and models lie; absolute paths. */
export type Places = Required<Pick<ConfigFacts, 'baseDir' | 'modelsDir'>>;

/** Checks each plugin's config by the plugin's own schema, then what they say of each other. */
export function checkPlugins(root: Readonly<Record<string, unknown>>, registry: Registry, places: Places): PluginCheck {
  const checks = pluginUsesIn(root).map((use) => checkUse(use, registry));
  const parsed = checks.flatMap((check) => check.parsed ?? []);
  const issues = [...checks.flatMap((check) => check.issues), ...checkTogether(parsed)];
  const said = factsOf(cameraNamesIn(root), parsed);
  if (said === undefined) return { parsed, issues };
  const facts = { ...said, ...places };
  const crossIssues = parsed.flatMap((use) => crossCheck(use, facts));
  return { parsed, facts, issues: [...issues, ...crossIssues, ...checkTriggerClasses(root, facts)] };
}

function checkUse(use: PluginUse, registry: Registry): { parsed?: ParsedUse; issues: ConfigIssue[] } {
  const found = registry.find(use.kind, use.backend);
  if (!found.ok) {
    const { nearest, available, kind } = found.error;
    const fix =
      nearest === undefined ? `write one of: ${available.join(', ') || 'none is installed'}` : `did you mean ${nearest}?`;
    const what = `there is no ${kind} plugin of this name`;
    return { issues: [{ code: 'CONFIG_PLUGIN_NAMES_INVALID', path: [...use.path, 'backend'], what, fix }] };
  }
  // A `config` that is no mapping is the core schema's to report.
  if (!isMapping(use.config)) return { issues: [] };
  const plugin = found.value;
  const result = plugin.configSchema.safeParse(use.config);
  if (result.success) return { parsed: { use, plugin, config: result.data }, issues: [] };
  const checked = { schema: plugin.configSchema, value: use.config, path: [...use.path, 'config'] };
  return { issues: explainIssues(result.error.issues, { ...checked, code: 'CONFIG_PLUGIN_CONFIG_INVALID' }) };
}

function factsOf(cameraNames: readonly string[], parsed: readonly ParsedUse[]): ConfigFacts | undefined {
  const filter = parsed.find(({ plugin }) => plugin.kind === 'filter');
  const analyzer = parsed.find(({ plugin }) => plugin.kind === 'analyzer');
  if (filter === undefined || analyzer === undefined) return undefined;
  return {
    cameraNames,
    activityTypes: analyzer.plugin.activityTypes ?? [],
    filterClasses: filter.plugin.classesOf?.(filter.config) ?? [],
  };
}

function crossCheck({ use, plugin, config }: ParsedUse, facts: ConfigFacts): ConfigIssue[] {
  return (plugin.checkConfig?.(config, facts) ?? []).map((problem) => issueAt(use, problem));
}

/** Uses of one plugin that do not go together. What is disabled disturbs nobody. */
function checkTogether(parsed: readonly ParsedUse[]): ConfigIssue[] {
  const enabled = parsed.filter(({ use }) => use.enabled);
  return [...Map.groupBy(enabled, ({ plugin }) => plugin)].flatMap(([plugin, uses]) =>
    (plugin.checkTogether?.(uses.map(({ config }) => config)) ?? []).flatMap((problem) => {
      const use = uses[problem.index]?.use;
      return use === undefined ? [] : [issueAt(use, problem)];
    }),
  );
}

const issueAt = (use: PluginUse, { path, what, fix }: ConfigProblem): ConfigIssue => ({
  code: 'CONFIG_REFERENCES_INVALID',
  path: [...use.path, 'config', ...path],
  what: withoutPeriod(what),
  fix: withoutPeriod(fix),
});

/** Plugins write sentences; the list of problems is made of phrases. */
const withoutPeriod = (sentence: string): string => sentence.replace(/\.$/, '');

function checkTriggerClasses(root: Readonly<Record<string, unknown>>, { filterClasses }: ConfigFacts): ConfigIssue[] {
  // A filter that cannot say what it reports is not held to it.
  if (filterClasses.length === 0) return [];
  const vlm = isMapping(root['vlm']) ? root['vlm'] : {};
  return listOf(vlm['trigger_classes']).flatMap((trigger, index): ConfigIssue[] => {
    if (typeof trigger !== 'string' || filterClasses.includes(trigger)) return [];
    const nearest = nearestTo(trigger, filterClasses);
    const fix = nearest === undefined ? `write one of: ${filterClasses.join(', ')}` : `did you mean ${nearest}?`;
    const path = ['vlm', 'trigger_classes', index];
    return [{ code: 'CONFIG_REFERENCES_INVALID', path, what: 'the filter, as configured, never reports this class', fix }];
  });
}
