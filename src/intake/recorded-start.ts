import type { Instant } from '../domain/instant.ts';
import type { MediaFacts } from '../media/probe.ts';

/** Before this, cameras without a set clock write what they find. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
/** How far a camera's clock may run ahead of the clock that stamped the file. */
const CLOCK_SLACK_MS = 60_000;

/**
 * When a file's recording began: what its container says, unless that is absurd (before 2000, or after the file was last
 * written), else the file's modification time less its duration. The same file always gives the same answer, for its clip id
 * begins with it.
 */
export function recordedStartOf(facts: Pick<MediaFacts, 'createdAt' | 'durationMs'>, mtimeMs: number): Instant {
  const createdMs = facts.createdAt === undefined ? Number.NaN : Date.parse(facts.createdAt);
  const isPlausible = createdMs >= EARLIEST_MS && createdMs <= mtimeMs + CLOCK_SLACK_MS;
  return new Date(isPlausible ? createdMs : mtimeMs - facts.durationMs).toISOString();
}
