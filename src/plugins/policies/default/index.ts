import type { PolicyFacts } from '../../../domain/alert.ts';
import { definePlugin } from '../../spec/plugin.ts';
import { checkDefaultPolicyConfig } from './check-config.ts';
import { type DefaultPolicyConfig, defaultPolicyConfigSchema } from './config.ts';
import { type AlertRules, decideAlert } from './decide-alert.ts';

/** Alerts by risk, activity and what the filter saw, with rules of their own for single cameras. */
export const defaultPolicy = definePlugin({
  kind: 'policy',
  backend: 'default',
  configSchema: defaultPolicyConfigSchema,
  checkConfig: checkDefaultPolicyConfig,
  create: (config) => {
    const overridden = new Map(Object.keys(config.overrides).map((cameraName) => [cameraName, rulesFor(config, cameraName)]));
    const ordinary = rulesFor(config);
    return { decide: (facts: PolicyFacts) => decideAlert(overridden.get(facts.cameraName) ?? ordinary, facts) };
  },
});

function rulesFor(config: DefaultPolicyConfig, cameraName?: string): AlertRules {
  const own = cameraName === undefined ? undefined : config.overrides[cameraName];
  return {
    minRiskLevel: own?.min_risk_level ?? config.min_risk_level,
    notifyOnActivityTypes: own?.notify_on_activity_types ?? config.notify_on_activity_types,
    notifyOnMotion: own?.notify_on_motion ?? config.notify_on_motion,
    notifyUnverified: own?.notify_unverified ?? config.notify_unverified,
  };
}
