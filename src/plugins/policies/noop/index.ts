import { definePlugin } from '../../spec/plugin.ts';
import type { Policy } from '../../spec/policy.ts';
import { noopPolicyConfigSchema } from './config.ts';

/** Never alerts. Clips are still uploaded, filtered and described. */
export const noopPolicy = definePlugin({
  kind: 'policy',
  backend: 'noop',
  configSchema: noopPolicyConfigSchema,
  create: (): Policy => ({ decide: () => ({ notify: false, notifyReason: 'alert_policy_disabled' }) }),
});
