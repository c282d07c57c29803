import { randomUUID } from 'node:crypto';
import type { Clip } from '../../src/domain/clip.ts';
import { workflowIdOf } from '../../src/domain/ids.ts';
import { type ClipWorld, handleOf } from './clip-world.ts';

export type HistoryEvents = NonNullable<Awaited<ReturnType<ReturnType<typeof handleOf>['fetchHistory']>>['events']>;

/** As the reset button of the Temporal UI does it: to the last completed workflow task among the events that are picked. */
export async function resetClip(world: ClipWorld, clip: Clip, pick: (events: HistoryEvents) => HistoryEvents): Promise<void> {
  const handle = handleOf(world, clip);
  const { events } = await handle.fetchHistory();
  const target = pick(events ?? []).findLast((event) => event.workflowTaskCompletedEventAttributes);
  if (target?.eventId === undefined || target.eventId === null) throw new Error('no workflow task to reset to');
  await world.client.workflowService.resetWorkflowExecution({
    namespace: world.client.options.namespace,
    workflowExecution: { workflowId: workflowIdOf(clip.clipId), runId: (await handle.describe()).runId },
    workflowTaskFinishEventId: target.eventId,
    reason: 'test',
    requestId: randomUUID(),
  });
}

/** The events before the first update that the clip carried out. */
export const beforeUpdates = (events: HistoryEvents): HistoryEvents =>
  events.slice(
    0,
    events.findIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes),
  );

/** The events up to the first completed workflow task: the beginning of the run. */
export const firstTask = (events: HistoryEvents): HistoryEvents =>
  events.slice(0, 1 + events.findIndex((event) => event.workflowTaskCompletedEventAttributes));
