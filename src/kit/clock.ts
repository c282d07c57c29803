import type { Clock } from '../plugins/spec/plugin.ts';

/** The machine's clock, in UTC. */
export const systemClock: Clock = { now: () => new Date().toISOString() };
