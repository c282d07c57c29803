import { defaultPolicy } from '../../src/plugins/policies/default/index.ts';
import { noopPolicy } from '../../src/plugins/policies/noop/index.ts';
import { createFakePolicy } from '../fakes/fake-policy.ts';
import { createTestContext } from '../support/plugin-context.ts';
import { describePolicy } from './policy.contract.ts';

describePolicy('default', () => defaultPolicy.create(defaultPolicy.configSchema.parse({}), createTestContext()));
describePolicy('default, everything set', () => {
  const quiet = { from: '22:00', to: '06:00', time_zone: 'Europe/Berlin', except_risk: 'critical' };
  const wishes = { quiet_hours: quiet, cool_down_s: 300, group_visits: { gap_s: 30 } };
  const overrides = { 'Front Door': {} };
  const config = { notify_on_activity_types: ['unknown'], notify_unverified: false, ...wishes, overrides };
  return defaultPolicy.create(defaultPolicy.configSchema.parse(config), createTestContext());
});
describePolicy('noop', () => noopPolicy.create(noopPolicy.configSchema.parse({}), createTestContext()));
describePolicy('fake', () => createFakePolicy());
