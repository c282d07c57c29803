import type { Context } from '@temporalio/activity';
import type { FailedAttempt } from '../src/domain/activities.ts';

/** What heartbeats carry: the attempts that failed before this one. */
interface HeartbeatDetails {
  readonly failedAttempts: readonly FailedAttempt[];
}

/** The failed attempts that the attempts before this one left behind. */
export function carriedAttempts(context: Context): readonly FailedAttempt[] {
  // Written only by `heartbeat` below.
  const details = context.info.heartbeatDetails as HeartbeatDetails | undefined;
  return details?.failedAttempts ?? [];
}

/** Tells the server that the attempt lives, and keeps the record of the attempts before it. */
export function heartbeat(context: Context, failedAttempts = carriedAttempts(context)): void {
  context.heartbeat({ failedAttempts } satisfies HeartbeatDetails);
}
