import { CancellationScope, condition, uuid4 } from '@temporalio/workflow';
import type { Instant } from '../src/domain/instant.ts';

/** How long an event may wait for others, so that a quick clip writes its whole story at once. */
const GATHER = '1s';

/**
 * Events of a clip or a camera, in order, on their way to Postgres. Emitting never waits; one flusher writes what is
 * pending, beside everything else.
 */
export interface EventLog<New, Stored> {
  readonly emit: (event: New) => void;
  /** Resolves when everything emitted so far is written. */
  readonly flush: () => Promise<void>;
  /** What is not confirmed as written, and the sequence of the last event: what a next run goes on from. */
  readonly rest: () => EventLogRest<Stored>;
}

export interface EventLogRest<Stored> {
  readonly unwritten: readonly Stored[];
  readonly sequence: number;
}

/** What the log gives to each event. */
export interface EventStamp {
  readonly id: string;
  readonly sequence: number;
  readonly timestamp: Instant;
}

interface EventLogOptions<New, Stored> {
  readonly stamp: (event: New, stamp: EventStamp) => Stored;
  readonly record: (events: readonly Stored[]) => Promise<void>;
  /** Of the run before. */
  readonly rest?: EventLogRest<Stored>;
}

export function createEventLog<New, Stored>({ stamp, record, rest }: EventLogOptions<New, Stored>): EventLog<New, Stored> {
  const unwritten: Stored[] = [...(rest?.unwritten ?? [])];
  let sequence = rest?.sequence ?? 0;
  let urgent = false;

  function emit(event: New): void {
    // A hybrid logical clock: later than anything before it, also than what an earlier run wrote beyond a reset point.
    sequence = Math.max(sequence + 1, Date.now() * 1000);
    unwritten.push(stamp(event, { id: uuid4(), sequence, timestamp: new Date().toISOString() }));
  }

  async function writeAll(): Promise<void> {
    for (;;) {
      await condition(() => unwritten.length > 0);
      await condition(() => urgent, GATHER);
      const batch = [...unwritten];
      await record(batch);
      unwritten.splice(0, batch.length);
    }
  }
  // Also a cancelled clip tells its whole story.
  const writing = CancellationScope.nonCancellable(writeAll);

  async function flush(): Promise<void> {
    urgent = true;
    await Promise.race([condition(() => unwritten.length === 0), writing]);
    urgent = false;
  }

  return { emit, flush, rest: () => ({ unwritten: [...unwritten], sequence }) };
}
