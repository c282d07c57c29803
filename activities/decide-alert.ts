import type { Activities } from '../src/domain/activities.ts';
import type { Policy } from '../src/plugins/spec/policy.ts';

export function createDecideAlert(policy: Policy): Activities['decideAlert'] {
  return (facts) => Promise.resolve(policy.decide(facts));
}
