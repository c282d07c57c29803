import { nearestTo } from '../../../domain/nearest.ts';
import type { ConfigFacts, ConfigProblem } from '../../spec/plugin.ts';
import type { DefaultPolicyConfig } from './config.ts';

/** Finds rules that could never apply: for cameras that do not exist, for words that the analyzer never says. */
export function checkDefaultPolicyConfig(config: DefaultPolicyConfig, facts: ConfigFacts): readonly ConfigProblem[] {
  const overrides = Object.entries(config.overrides);
  return [
    ...checkActivityTypes(config.notify_on_activity_types, ['notify_on_activity_types'], facts),
    ...overrides.flatMap(([cameraName, rules]) => [
      ...checkCamera(cameraName, facts),
      ...checkActivityTypes(rules.notify_on_activity_types ?? [], ['overrides', cameraName, 'notify_on_activity_types'], facts),
    ]),
  ];
}

function checkCamera(cameraName: string, { cameraNames }: ConfigFacts): ConfigProblem[] {
  if (cameraNames.includes(cameraName)) return [];
  const fix = fixOf(nearestTo(cameraName, cameraNames), `Use the name of a configured camera: ${listOf(cameraNames)}.`);
  return [{ path: ['overrides', cameraName], what: 'No camera has this name, so the rules would never apply.', fix }];
}

/** Nothing to check against when the analyzer does not declare its words. */
function checkActivityTypes(
  configured: readonly string[],
  path: readonly (string | number)[],
  { activityTypes }: ConfigFacts,
): ConfigProblem[] {
  if (activityTypes.length === 0) return [];
  return configured.flatMap((activityType, index) => {
    if (activityTypes.includes(activityType)) return [];
    const fix = fixOf(nearestTo(activityType, activityTypes), `Use one of: ${listOf(activityTypes)}.`);
    return [{ path: [...path, index], what: 'The configured analyzer never answers with this activity type.', fix }];
  });
}

const fixOf = (nearest: string | undefined, fix: string): string =>
  nearest === undefined ? fix : `Did you mean ${nearest}? ${fix}`;

const listOf = (names: readonly string[]): string => names.join(', ') || 'there is none';
