import { z } from 'zod';
import { definePlugin } from '../../spec/plugin.ts';

/** Never alerts. Clips are still uploaded, filtered and described. */
export const noopPolicy = definePlugin({
  kind: 'policy',
  backend: 'noop',
  configSchema: z.strictObject({}),
  create: () => ({ decide: () => ({ notify: false, notifyReason: 'alert_policy_disabled' }) }),
});
