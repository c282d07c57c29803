import { checkPlugins } from '../config/check-plugins.ts';
import { findSecrets } from '../config/check-secrets.ts';
import type { ConfigIssue } from '../config/issue.ts';
import type { BackfillPlan, ConfigOverride } from '../domain/backfill.ts';
import { withOverride } from '../plugins/variants.ts';
import type { App } from './app.ts';
import { loadFilter, policyOf } from './compose.ts';
import { pingPlugin } from './tried-plugin.ts';

/**
 * Everything that `homesec validate` would have against the plugins if the overrides stood in the file, so that a backfill is
 * refused before it starts. It may look for classes of which none is in `vlm.trigger_classes`.
 */
export function checkOverrides(app: App, { filter, vlm, policy }: BackfillPlan['overrides']): readonly ConfigIssue[] {
  const written = { filter: { config: filter }, vlm: { config: vlm }, alert_policy: { config: policy } };
  const secrets = findSecrets(written, process.env);
  if (secrets.length > 0) return secrets;
  const root = {
    cameras: app.cameraNames.map((name) => ({ name })),
    filter: overridden(app.config.filter, filter),
    vlm: overridden(app.config.vlm, vlm),
    alert_policy: overridden(policyOf(app.config), policy),
  };
  return checkPlugins(root, app.registry, { baseDir: process.cwd(), modelsDir: app.folders.models }).issues;
}

/** Why the filter of a backfill could not work on this machine, as without its model; another may have what is missing here. */
export async function filterProblem(app: App, { filter: override }: BackfillPlan['overrides']): Promise<string | undefined> {
  if (override === undefined) return undefined;
  const filter = { ...app.config.filter, ...overridden(app.config.filter, override) };
  const found = await pingPlugin('detector', () => loadFilter({ ...app, config: { ...app.config, filter } }));
  return found.state === 'good' ? undefined : found.message;
}

interface PluginSection {
  readonly backend: string;
  readonly config: Readonly<Record<string, unknown>>;
}

const overridden = ({ backend, config }: PluginSection, override: ConfigOverride = {}): PluginSection => ({
  backend,
  config: withOverride(config, override),
});
