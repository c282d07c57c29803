import type { AlertDecision } from '../../src/domain/alert.ts';
import type { Policy } from '../../src/plugins/spec/policy.ts';

/** Answers every question the same way. */
export const createFakePolicy = (decision: AlertDecision = { notify: true, notifyReason: 'fake' }): Policy => ({
  decide: () => decision,
});
