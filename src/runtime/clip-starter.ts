import type { Clip } from '../domain/clip.ts';
import { err, type Result } from '../domain/result.ts';
import { type StartClipFailure, startClip } from '../temporal/start-clip.ts';
import type { App } from './app.ts';
import { planOf } from './compose.ts';
import type { HouseholdClient } from './household-client.ts';

/** Starts clips by today's configuration. */
export function createClipStarter(
  { config }: App,
  client: HouseholdClient,
): (clip: Clip) => Promise<Result<void, StartClipFailure>> {
  const plan = planOf(config);
  return async (clip) => {
    const found = await client.get();
    if (found === undefined) return err({ kind: 'unavailable', message: 'nobody knows yet where Temporal is', cause: undefined });
    return startClip(found, { clip, plan, generation: 1 });
  };
}
