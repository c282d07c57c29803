import type { Registry } from '../plugins/registry.ts';
import type { Environment } from './check-secrets.ts';
import type { ConfigIssue } from './issue.ts';
import { loadConfig } from './load.ts';
import type { Config } from './schema.ts';

export interface Validation {
  /** Absolute path of the file. */
  readonly file: string;
  /** Empty when the configuration can be used. */
  readonly problems: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
  /** What a valid configuration sets up, in one line; absent while there are problems. */
  readonly summary?: string;
}

/** What `homesec validate` prints. */
export async function validateConfig(
  path: string,
  builtin: Registry,
  environment: Environment = process.env,
): Promise<Validation> {
  const loaded = await loadConfig(path, builtin, environment);
  if (!loaded.ok) return loaded.error;
  const { file, warnings, config } = loaded.value;
  return { file, problems: [], warnings, summary: summarise(config) };
}

function summarise(config: Config): string {
  const off = config.cameras.filter((camera) => !camera.enabled).length;
  const cameras = `${config.cameras.length} ${config.cameras.length === 1 ? 'camera' : 'cameras'}${off === 0 ? '' : ` (${off} off)`}`;
  const channels = config.notifiers?.filter((notifier) => notifier.enabled).map((notifier) => notifier.name) ?? [
    'embedded MQTT broker',
  ];
  const { storage, filter, vlm, alert_policy: policy } = config;
  return [
    cameras,
    `storage ${storage.backend}`,
    `filter ${filter.backend}`,
    `vlm ${vlm.backend} (${vlm.run_mode})`,
    `policy ${policy.enabled ? policy.backend : 'off'}`,
    `alerts to ${channels.join(', ') || 'nobody'}`,
  ].join('; ');
}
