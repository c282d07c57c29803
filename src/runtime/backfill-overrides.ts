import { withoutPeriod } from '../config/check-plugins.ts';
import { findSecrets } from '../config/check-secrets.ts';
import { explainIssues } from '../config/explain.ts';
import type { ConfigIssue } from '../config/issue.ts';
import type { BackfillPlan, BackfillStage, ConfigOverride } from '../domain/backfill.ts';
import type { PluginKind } from '../plugins/spec/plugin.ts';
import { withOverride } from '../plugins/variants.ts';
import type { App } from './app.ts';
import { loadFilter, policyOf } from './compose.ts';
import { pingPlugin } from './tried-plugin.ts';

/** Everything that the plugins have against the overrides of a backfill, so that it is refused before it starts. */
export function checkOverrides(app: App, overrides: BackfillPlan['overrides']): readonly ConfigIssue[] {
  const { filter, vlm, alert_policy } = app.config;
  return [
    ...check(app, 'filter', { stage: 'filter', ...filter, override: overrides.filter }),
    ...check(app, 'analyzer', { stage: 'vlm', ...vlm, override: overrides.vlm }),
    ...check(app, 'policy', { stage: 'policy', ...policyOf({ ...app.config, alert_policy }), override: overrides.policy }),
  ];
}

/** Why the filter of a backfill could not work on this machine, as without its model; another may have what is missing here. */
export async function filterProblem(app: App, { filter: override }: BackfillPlan['overrides']): Promise<string | undefined> {
  if (override === undefined) return undefined;
  const filter = { ...app.config.filter, config: withOverride(app.config.filter.config, override) };
  const found = await pingPlugin('detector', () => loadFilter({ ...app, config: { ...app.config, filter } }));
  return found.state === 'good' ? undefined : found.message;
}

interface Overridden {
  readonly stage: BackfillStage;
  readonly backend: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly override: ConfigOverride | undefined;
}

function check(app: App, kind: PluginKind, { stage, backend, config, override }: Overridden): readonly ConfigIssue[] {
  if (override === undefined) return [];
  const at = [stage, 'config'];
  const secrets = findSecrets({ [stage]: { config: override } }, process.env);
  if (secrets.length > 0) return secrets;
  const plugin = app.registry.find(kind, backend);
  // It was found when the configuration was loaded.
  if (!plugin.ok) throw new Error(`no ${kind} plugin is called ${backend}`);
  const value = withOverride(config, override);
  const { configSchema, checkConfig } = plugin.value;
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    return explainIssues(parsed.error.issues, { schema: configSchema, value, path: at, code: 'CONFIG_PLUGIN_CONFIG_INVALID' });
  }
  const facts = { cameraNames: app.cameraNames, activityTypes: [], filterClasses: [], modelsDir: app.folders.models };
  const problems = checkConfig?.(parsed.data, facts) ?? [];
  return problems.map(({ path, what, fix }) => ({
    code: 'CONFIG_REFERENCES_INVALID',
    path: [...at, ...path],
    what: withoutPeriod(what),
    fix: withoutPeriod(fix),
  }));
}
