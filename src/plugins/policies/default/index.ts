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
    ...quietHoursOf(own?.quiet_hours === undefined ? config.quiet_hours : own.quiet_hours),
    ...termsOf(own?.cool_down_s ?? config.cool_down_s, own?.group_visits === undefined ? config.group_visits : own.group_visits),
  };
}

function quietHoursOf(configured: DefaultPolicyConfig['quiet_hours']): Pick<AlertRules, 'quietHours'> {
  if (configured === null) return {};
  const { from, to, days, time_zone: timeZone, except_risk: exceptRisk } = configured;
  const risk = exceptRisk === undefined ? {} : { exceptRisk };
  return { quietHours: { fromMinute: minuteOf(from), toMinute: minuteOf(to), days, timeZone, ...risk } };
}

/** @param time as `22:30`. */
const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

function termsOf(coolDownS: number, groupVisits: DefaultPolicyConfig['group_visits']): Pick<AlertRules, 'terms'> {
  const coolDown = coolDownS === 0 ? {} : { coolDownMs: coolDownS * 1000 };
  const visits = groupVisits === null ? {} : { visitGapMs: groupVisits.gap_s * 1000 };
  const terms = { ...coolDown, ...visits };
  return Object.keys(terms).length === 0 ? {} : { terms };
}
