import type { Activities } from '../src/domain/activities.ts';
import type { AlertDecision, PolicyFacts } from '../src/domain/alert.ts';

/** A policy, or one that may have to be loaded first. */
export interface Decider {
  decide(facts: PolicyFacts): AlertDecision | Promise<AlertDecision>;
}

export function createDecideAlert(policy: Decider): Activities['decideAlert'] {
  return async (facts) => policy.decide(facts);
}
