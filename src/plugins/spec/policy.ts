import type { AlertDecision, PolicyFacts } from '../../domain/alert.ts';

/** Decides whether a clip matters, and under which of the owner's wishes it may alert. Pure: the same facts, the same decision. */
export interface Policy {
  decide(facts: PolicyFacts): AlertDecision;
}
