import type { AlertDecision, PolicyFacts } from '../../domain/alert.ts';

/** Decides whether a clip matters. Pure: the same facts, the same decision. */
export interface Policy {
  decide(facts: PolicyFacts): AlertDecision;
}
