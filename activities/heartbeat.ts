import type { Context } from '@temporalio/activity';
import type { FailedAttempt } from '../src/domain/activities.ts';

/** What heartbeats carry from an attempt to the next one, perhaps in another process. */
interface HeartbeatDetails {
  /** The attempts that failed before this one. */
  readonly failedAttempts: readonly FailedAttempt[];
  /** Where the work stands, in the words of whoever does it. */
  readonly progress?: unknown;
}

/** Often enough for every heartbeat timeout. */
const BEAT_WHILE_WAITING_MS = 5_000;

/** Details replace each other on the server, so each heartbeat repeats what it does not change. */
const latest = new WeakMap<Context, HeartbeatDetails>();

function carried(context: Context): HeartbeatDetails {
  // Written only by `heartbeat` below.
  const details = context.info.heartbeatDetails as HeartbeatDetails | undefined;
  return latest.get(context) ?? details ?? { failedAttempts: [] };
}

/** The failed attempts that the attempts before this one left behind. */
export const carriedAttempts = (context: Context): readonly FailedAttempt[] => carried(context).failedAttempts;

/** The progress last noted, by this attempt or one before it. Of one that was killed the server may know only an older one. */
export const carriedProgress = (context: Context): unknown => carried(context).progress;

/** Tells the server that the attempt lives, with what has changed for the next attempt. */
export function heartbeat(context: Context, changes: Partial<HeartbeatDetails> = {}): void {
  const details = { ...carried(context), ...changes };
  latest.set(context, details);
  context.heartbeat(details);
}

/** Says meanwhile that the attempt lives: what waits for its turn may wait for longer than a heartbeat timeout. */
export async function beatWhile(context: Context, wait: Promise<void>): Promise<void> {
  const beating = setInterval(() => heartbeat(context), BEAT_WHILE_WAITING_MS);
  try {
    await wait;
  } finally {
    clearInterval(beating);
  }
}
