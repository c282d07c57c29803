import { CancellationScope, condition, uuid4 } from '@temporalio/workflow';
import type { ClipEvent, NewClipEvent } from '../src/domain/events.ts';
import type { ClipId } from '../src/domain/ids.ts';

/** How long an event may wait for others, so that a quick clip writes its whole story at once. */
const GATHER = '1s';

/**
 * A clip's events, in order, on their way to Postgres. Emitting never waits; one flusher writes what is pending, beside
 * the stages.
 */
export interface EventLog {
  readonly emit: (event: NewClipEvent) => void;
  /** Resolves when everything emitted so far is written. */
  readonly flush: () => Promise<void>;
}

interface EventLogOptions {
  readonly clipId: ClipId;
  readonly generation: number;
  readonly record: (events: readonly ClipEvent[]) => Promise<void>;
}

export function createEventLog({ clipId, generation, record }: EventLogOptions): EventLog {
  const pending: ClipEvent[] = [];
  let sequence = 0;
  let emitted = 0;
  let written = 0;
  let urgent = false;

  function emit(event: NewClipEvent): void {
    // A hybrid logical clock: later than anything before it, also than what an earlier run wrote beyond a reset point.
    sequence = Math.max(sequence + 1, Date.now() * 1000);
    const stamp = { id: uuid4(), clipId, generation, sequence, timestamp: new Date().toISOString() };
    pending.push({ ...event, ...stamp });
    emitted += 1;
  }

  async function writePending(): Promise<void> {
    for (;;) {
      await condition(() => pending.length > 0);
      await condition(() => urgent, GATHER);
      const batch = pending.splice(0);
      await record(batch);
      written += batch.length;
    }
  }
  // Also a cancelled clip tells its whole story.
  const writing = CancellationScope.nonCancellable(writePending);

  async function flush(): Promise<void> {
    urgent = true;
    await Promise.race([condition(() => written === emitted), writing]);
    urgent = false;
  }

  return { emit, flush };
}
